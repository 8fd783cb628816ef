"""Results have the shape every drill shares, and say when a promise was broken."""

import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from drills import page
from drills.framework.checker import check
from drills.framework.history import History, Outcome
from drills.framework.observer import Holding
from drills.framework.picture import draw, worst_takes
from drills.framework.report import Report, describe_computer
from drills.framework.stage import Take
from drills.framework.verdict import Budget
from tests.unit.drills.ward import operation, steady

BUDGET = Budget(rto_s=5.0, goal_s=1.0)


def take(history: History, run: int = 1, fault: str = "power-cut") -> Take:
    findings = check(history, 5.0)
    return Take(
        run=run,
        fault=fault,
        victim="mac-a",
        budget=BUDGET,
        fault_at=5.0,
        history=history,
        holdings=[Holding(0.0, frozenset({"mac-a"})), Holding(5.7, frozenset({"mac-b"}))],
        findings=findings,
        phases={"address_moved_s": 0.7, "first_answer_s": findings.gap.end - 5.0},
        address_moves=1,
        client_stall_s=0.001,
        broken=BUDGET.broken_by(findings),
    )


GOOD = take(steady(12.0, silence=(5.0, 5.8)))
SLOW = take(steady(14.0, silence=(5.0, 11.0)), run=2)
LOSSY = take(steady(12.0), run=3)
LOSSY.history.operations.append(operation(9001, 9.0, Outcome.FAILED))
LOSSY = take(LOSSY.history, run=3)


def test_the_json_has_the_agreed_shape() -> None:
    result = Report("http-failover", "A story.", BUDGET, [GOOD, SLOW, LOSSY]).as_json()
    assert {"name", "machine", "runs", "max_rto_s", "median_rto_s", "lost"} <= result.keys()
    assert all({"rto_s", "acked", "lost", "duplicated", "phases"} <= run.keys() for run in result["runs"])
    assert (result["max_rto_s"], result["median_rto_s"], result["lost"]) == (6.0, 0.8, 1)
    first = result["runs"][0]
    assert (first["fault"], first["rto_s"], first["phases"]["address_moved_s"]) == ("power-cut", 0.8, 0.7)
    assert first["holders"] == [{"at_s": -5.0, "machines": ["mac-a"]}, {"at_s": 0.7, "machines": ["mac-b"]}]
    assert json.loads(json.dumps(result)) == result


def test_a_return_with_its_own_budget_does_not_flatter_the_median() -> None:
    back = replace(take(steady(12.0), fault="power-return"), budget=Budget(rto_s=1.0, address_moves=0))
    result = Report("d", "", BUDGET, [GOOD, back, back]).as_json()
    assert (result["max_rto_s"], result["median_rto_s"]) == (0.8, 0.8)


def test_the_table_says_when_the_measuring_computer_stalled() -> None:
    console = Console(record=True, width=300)
    console.print(Report("d", "", BUDGET, [replace(GOOD, client_stall_s=0.62)]).as_table())
    assert "(load stalled 0.62 s)" in console.export_text()


def test_a_report_keeps_its_budget_only_when_every_scene_does() -> None:
    assert Report("d", "", BUDGET, [GOOD]).kept
    assert not Report("d", "", BUDGET, [GOOD, SLOW]).kept
    assert not Report("d", "", BUDGET, [GOOD, LOSSY]).kept
    assert not Report("d", "", BUDGET, [GOOD], error="given up").kept
    assert not Report("d", "", BUDGET, []).kept


def test_a_drill_given_up_at_once_is_still_valid_json(tmp_path: Path) -> None:
    path = Report("d", "", BUDGET, [], error="no power").write(tmp_path / "new")
    result = json.loads(path.read_text())
    assert result["error"] == "no power"
    assert (result["kept"], result["max_rto_s"], result["runs"]) == (False, None, [])
    assert list(path.parent.iterdir()) == [path]


def test_the_table_says_what_broke_in_words() -> None:
    console = Console(record=True, width=300)
    console.print(Report("http-failover", "", BUDGET, [GOOD, SLOW, LOSSY]).as_table())
    text = console.export_text()
    assert "BUDGET BROKEN" in text
    assert "mac-a > mac-b" in text
    assert "kept, goal 1 s met" in text
    assert "no right answer for 6.00 s, budget is under 5 s" in text
    assert "1 request lost, budget is 0" in text


def test_the_computer_is_described_without_its_name() -> None:
    description = describe_computer()
    assert "cores" in description
    assert "GiB" in description
    assert Path("/etc/hostname").read_text().strip() not in description


def test_the_picture_shows_the_worst_run_of_each_fault(tmp_path: Path) -> None:
    calm = take(steady(12.0), fault="haproxy-killed")
    assert worst_takes([GOOD, SLOW, LOSSY, calm]) == [SLOW, calm]
    draw("http-failover", [GOOD, SLOW, LOSSY, calm], tmp_path / "d.png")
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_tells_what_was_measured_where_and_when() -> None:
    result = Report("http-failover", "A story.", BUDGET, [GOOD, SLOW]).as_json()
    text = page.render([result])
    assert "| power-cut | 3.40 s | 6.00 s | 0.70 s |" in text
    assert f"**BROKEN**. Measured on {result['finished_at'][:10]}, 2 runs, on {result['machine']}" in text
    assert "`cpu-stress-no-flap`: not measured yet" in text


@given(name=st.text(min_size=1), error=st.text())
def test_whatever_the_names_the_json_survives_a_round_trip(name: str, error: str) -> None:
    result = Report(name, "", BUDGET, [GOOD], error).as_json()
    assert json.loads(json.dumps(result)) == result
