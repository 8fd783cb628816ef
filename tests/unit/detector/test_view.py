"""What people and Prometheus are shown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from detector import history as module
from detector.__main__ import knows_everybody
from detector.decision import step
from detector.events import Alive, Report, Sight, Stamp, Tick
from detector.history import History
from detector.state import Coupling, State
from detector.view import exposition, facts, table


@pytest.fixture
def state() -> State:
    """The witness: it heard mac-b a moment ago and mac-a never."""
    state = State.fresh("witness", 2, ("mac-a", "mac-b", "witness"), ("mac-a", "mac-b"))
    words = Report(10.0, "mac-b", {"mac-a": Sight(float("inf"), known=False)}, Stamp(7, 1.0), Stamp(2, 9.9))
    for event in (Tick(10.0), words, Alive(10.1, "mac-b")):
        state, _ = step(state, event)
    return state


def test_facts_are_plain_data_and_say_what_the_decision_looks_at(state: State) -> None:
    said = json.loads(json.dumps(facts(state, 10.2), allow_nan=False))
    assert said["peers"]["mac-a"] == {
        "silence": None, "known": False, "phase": "calm", "words_age": None, "says": {},
    }  # fmt: skip
    assert said["peers"]["mac-b"]["silence"] == 0.1
    assert said["peers"]["mac-b"]["words_age"] == 0.3
    assert said["peers"]["mac-b"]["says"] == {"mac-a": {"silence": None, "known": False}}


def test_the_table_shows_who_sees_whom_and_who_does_not_answer(state: State) -> None:
    answer: dict[str, Any] = facts(state, 10.2) | {
        "identity": "2027-01-01",
        "api": "0.02 s",
        "release": "abc",
        "history": [{"time": "2026-11-21T08:00:00", "said": "mac-a: promoting records-2"}],
    }
    text = table({"mac-a": "no answer from 192.168.100.10:9778: timed out", "witness": answer})
    lines = text.splitlines()
    assert lines[0].split()[:4] == ["seen", "by", "mac-a", "witness"]
    assert lines[2].startswith("witness  never seen  -")
    assert "mac-a: no answer from 192.168.100.10:9778: timed out" in lines
    assert lines[-1] == "  2026-11-21T08:00:00  witness  mac-a: promoting records-2"
    assert not knows_everybody(answer)
    assert "UNCOUPLED" not in text
    apart = answer | {"records": {"uncoupled": True, "phase": "calm"}}
    assert "witness: the records are UNCOUPLED" in table({"witness": apart})
    assert "switched off" in table({"witness": answer | {"enabled": False}})


def test_the_metrics_are_prometheus_text(state: State) -> None:
    parted = replace(state, coupling=Coupling(parted=9.0))
    assert "prontuario_detector_uncoupled 1\n" in exposition(parted, 10.2, {}, {})
    assert facts(parted, 10.2)["records"] == {"uncoupled": True, "phase": "calm"}
    assert facts(state, 10.2)["records"] == {"uncoupled": None, "phase": "calm"}
    text = exposition(
        state, 10.2, {"datagrams_refused_total": {'{why="forged"}': 3}}, {"history_failures": 0}
    )
    samples = {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in parse(text)
        for sample in family.samples
    }
    assert samples["prontuario_detector_silence_seconds", ("mac-a",)] == float("inf")
    assert samples["prontuario_detector_known", ("mac-b",)] == 0
    assert samples["prontuario_detector_uncoupled", ()] == 0
    assert samples["prontuario_detector_datagrams_refused_total", ("forged",)] == 3


def test_the_history_is_on_disk_when_it_says_so_and_begins_anew_when_it_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path)
    note = history.note("mac-a: promoting records-2", at=12.5)
    assert note.kept.wait(5)
    (line,) = history.path.read_text().splitlines()
    assert json.loads(line) | {"time": ""} == {"time": "", "said": "mac-a: promoting records-2", "at": 12.5}
    monkeypatch.setattr(module, "LARGEST", 10)
    assert history.note("long").kept.wait(5)
    assert history.note("new").kept.wait(5)
    assert (tmp_path / "history.jsonl.1").exists()
    history.close()


def test_a_disk_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    history = History(tmp_path / "missing")
    assert history.note("mac-a: promoting records-2").kept.wait(5)
    assert history.failures == 1
    assert history.recent[-1]["said"] == "mac-a: promoting records-2"
    history.close()
