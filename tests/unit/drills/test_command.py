"""The command's exit status is the verdict, and its JSON is written either way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drills import __main__ as command
from drills.catalogue import DRILLS
from drills.framework.registry import Drill
from drills.framework.report import Report
from drills.framework.stage import Take
from drills.framework.verdict import DrillError
from tests.unit.drills.test_report import GOOD, SLOW


@pytest.fixture
def carried_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, Path]]:
    """Runs the command with the rehearsal replaced by these takes, or by an exception."""

    def run(*takes: Take, error: BaseException | None = None) -> tuple[int, Path]:
        async def rehearse(drill: Drill, *_: Any) -> Report:
            if error:
                raise error
            return Report(drill.name, drill.story, drill.budget, takes)

        monkeypatch.setattr(command, "rehearse", rehearse)
        monkeypatch.setattr("drills.framework.virtual.virtual_hospital", lambda: None)
        monkeypatch.setattr("drills.framework.virtual.play_phones", lambda: True)  # or a group stays here
        status = command.main(["run", "http-failover", "--runs", "2", "--results", str(tmp_path)])
        return status, tmp_path / "http-failover.json"

    return run


def test_a_kept_budget_is_status_zero(carried_out: Callable[..., tuple[int, Path]]) -> None:
    status, path = carried_out(GOOD)
    assert status == 0
    assert json.loads(path.read_text())["kept"] is True
    assert path.with_suffix(".png").exists()


def test_a_broken_budget_is_status_one_and_the_json_is_written(
    carried_out: Callable[..., tuple[int, Path]],
) -> None:
    status, path = carried_out(GOOD, SLOW)
    assert status == 1
    assert json.loads(path.read_text())["kept"] is False


def test_a_drill_without_a_single_scene_is_status_one(carried_out: Callable[..., tuple[int, Path]]) -> None:
    status, path = carried_out()
    assert status == 1
    assert json.loads(path.read_text())["runs"] == []


def test_a_sick_hospital_is_status_two_and_one_line(
    carried_out: Callable[..., tuple[int, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    status, path = carried_out(error=DrillError("the hospital is not healthy: mac-a is off"))
    assert status == 2
    assert capsys.readouterr().err == "drill refused: the hospital is not healthy: mac-a is off\n"
    assert not path.exists()


def test_an_interruption_writes_no_result(carried_out: Callable[..., tuple[int, Path]]) -> None:
    status, path = carried_out(error=KeyboardInterrupt())
    assert status == 130
    assert not path.exists()


def test_an_unknown_drill_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["run", "flood"]) == 2
    known = ", ".join(sorted(DRILLS))
    assert f"no drill is called 'flood': choose one of {known}" in capsys.readouterr().err


def test_the_list_says_what_each_drill_promises(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["list"]) == 0
    listed = capsys.readouterr().out
    assert all(
        name in listed and drill.story.splitlines()[0][:40] in listed for name, drill in DRILLS.items()
    )
