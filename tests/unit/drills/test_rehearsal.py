"""Nothing starts on a sick hospital, none is left sick behind."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from drills.framework import rehearsal
from drills.framework.hospital import Hospital
from drills.framework.registry import Drill
from drills.framework.report import Report
from drills.framework.stage import Stage
from drills.framework.verdict import Budget, DrillError
from drills.framework.workload import Load
from tests.unit.drills.ward import Ward, open_ward

pytestmark = pytest.mark.asyncio


class Pretended:
    """A hospital with one machine, the ward, and a memory of what was asked of it."""

    def __init__(self, ward: Ward) -> None:
        self.ward = ward
        self.door = ward.door
        self.macs = ("mac-a",)
        self.sick: list[str] = []
        self.restored = 0

    def probes(self) -> dict[str, Callable[[], bool]]:
        return {"mac-a": lambda: True}

    async def complaints(self) -> list[str]:
        return self.sick

    async def until_healthy(self, within: float) -> list[str]:
        return self.sick

    async def restore(self) -> None:
        self.restored += 1
        self.ward.mood = "well"


def drill_of(script: Callable[[Stage], Awaitable[None]], limit_s: float = 30.0) -> Drill:
    return Drill("test", Budget(rto_s=1.0), limit_s, 1, script)


async def silence(stage: Stage, seconds: float, budget: Budget | None = None) -> None:
    ward = cast(Pretended, stage.hospital).ward
    async with stage.scene("silence", "mac-a", budget) as scene:
        await scene.strike(lambda: setattr(ward, "mood", "silent"))
        await asyncio.sleep(seconds)
        ward.mood = "well"
        await scene.watch(at_least=seconds + 0.3, within=5)


BRISK = Load(rate=50.0, phones=4, lead_s=0.2, deadline_s=4.0, attempt_s=0.2, pause_s=0.01)


async def rehearse(hospital: Pretended, drill: Drill, runs: int = 1) -> Report:
    return await rehearsal.rehearse(drill, cast(Hospital, hospital), runs, load=BRISK)


async def test_every_run_ends_in_the_report_and_the_hospital_is_restored(authority: Path) -> None:
    async with open_ward(authority) as ward:
        hospital = Pretended(ward)
        report = await rehearse(hospital, drill_of(partial(silence, seconds=0.2)), runs=2)
    assert [(take.run, take.fault) for take in report.takes] == [(1, "silence"), (2, "silence")]
    assert report.kept
    assert hospital.restored == 1


async def test_a_gap_above_the_budget_is_broken(authority: Path) -> None:
    async with open_ward(authority) as ward:
        report = await rehearse(Pretended(ward), drill_of(partial(silence, seconds=1.3)))
    assert not report.kept
    assert report.takes[0].findings.rto_s > 1.2


async def test_a_scene_may_name_its_own_budget(authority: Path) -> None:
    async with open_ward(authority) as ward:
        script = partial(silence, seconds=1.3, budget=Budget(rto_s=3.0))
        assert (await rehearse(Pretended(ward), drill_of(script))).kept


async def test_a_sick_hospital_is_refused_and_not_touched(authority: Path) -> None:
    async with open_ward(authority) as ward:
        hospital = Pretended(ward)
        hospital.sick = ["mac-b is off"]
        with pytest.raises(DrillError, match="nothing was touched: mac-b is off"):
            await rehearse(hospital, drill_of(partial(silence, seconds=0.2)))
        assert (hospital.restored, ward.requests) == (0, 0)


async def test_a_drill_for_two_macs_is_refused_by_a_hospital_with_one(authority: Path) -> None:
    async with open_ward(authority) as ward:
        drill = replace(drill_of(partial(silence, seconds=0.2)), name="http-failover", macs=2)
        with pytest.raises(DrillError, match="http-failover needs 2 Macs, this hospital has 1"):
            await rehearse(Pretended(ward), drill)


@pytest.mark.parametrize("runs", [0, -1, 51])
async def test_the_number_of_runs_is_bounded(authority: Path, runs: int) -> None:
    async with open_ward(authority) as ward:
        with pytest.raises(DrillError, match="choose from 1 to 50"):
            await rehearse(Pretended(ward), drill_of(partial(silence, seconds=0.2)), runs)


async def test_a_hospital_that_does_not_recover_breaks_the_drill_and_keeps_its_take(authority: Path) -> None:
    async def script(stage: Stage) -> None:
        async with stage.scene("power-cut", "mac-a") as scene:
            await scene.strike(lambda: cast(Pretended, stage.hospital).sick.append("mac-a is off"))
            await scene.until_healthy(within=1)

    async with open_ward(authority) as ward:
        hospital = Pretended(ward)
        report = await rehearse(hospital, drill_of(script))
    assert report.error == "the hospital did not recover within 1 s: mac-a is off"
    assert report.takes[0].broken == ["not healthy again within 1 s: mac-a is off"]
    assert hospital.restored == 1


async def test_a_fault_that_cannot_be_applied_is_said_in_one_line(authority: Path) -> None:
    def impossible() -> None:
        raise OSError("no such machine")

    async def script(stage: Stage) -> None:
        async with stage.scene("power-cut", "mac-a") as scene:
            await scene.strike(impossible)

    async with open_ward(authority) as ward:
        report = await rehearse(Pretended(ward), drill_of(script))
    assert report.error == "the fault could not be applied: no such machine"


async def test_a_run_that_was_given_up_is_followed_by_the_next_on_a_whole_hospital(authority: Path) -> None:
    async def script(stage: Stage) -> None:
        if cast(Pretended, stage.hospital).restored == 0:
            raise DrillError("the first went wrong")
        await silence(stage, seconds=0.1)

    async with open_ward(authority) as ward:
        hospital = Pretended(ward)
        report = await rehearse(hospital, drill_of(script), runs=2)
    assert report.error == "run 1: the first went wrong"
    assert not report.kept
    assert [take.run for take in report.takes] == [2]
    assert hospital.restored == 2


async def test_nothing_is_struck_where_nobody_is_answered(
    authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drills.framework.stage.SILENCE_S", 0.3)
    monkeypatch.setattr("drills.framework.stage.BEGINNING_S", 0.3)

    async def script(stage: Stage) -> None:
        cast(Pretended, stage.hospital).ward.mood = "silent"
        async with stage.scene("power-cut", "mac-a") as scene:
            await asyncio.sleep(0.4)
            await scene.strike(lambda: pytest.fail("struck"))

    async with open_ward(authority) as ward:
        report = await rehearse(Pretended(ward), drill_of(script))
    assert "before the fault: not struck" in report.error
    assert report.takes == []


async def test_a_load_that_begins_late_is_waited_for(
    authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drills.framework.stage.SILENCE_S", 0.3)

    async def script(stage: Stage) -> None:
        ward = cast(Pretended, stage.hospital).ward
        ward.mood = "silent"
        asyncio.get_running_loop().call_later(1.0, setattr, ward, "mood", "well")
        async with stage.scene("power-cut", "mac-a") as scene:
            await scene.strike(lambda: None)

    async with open_ward(authority) as ward:
        report = await rehearse(Pretended(ward), drill_of(script))
    assert report.error == ""
    assert [take.fault for take in report.takes] == ["power-cut"]


async def test_a_run_that_takes_too_long_is_given_up(authority: Path) -> None:
    async with open_ward(authority) as ward:
        hospital = Pretended(ward)
        report = await rehearse(hospital, drill_of(partial(silence, seconds=30), limit_s=0.6))
    assert report.error == "run 1 was given up after 0.6 s"
    assert hospital.restored == 1


async def test_an_interrupted_drill_restores_the_hospital(authority: Path) -> None:
    async with open_ward(authority) as ward:
        hospital = Pretended(ward)
        task = asyncio.create_task(rehearse(hospital, drill_of(partial(silence, seconds=30))))
        await asyncio.sleep(0.6)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (hospital.restored, ward.mood) == (1, "well")
