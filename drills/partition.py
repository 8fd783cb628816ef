"""Two halves that each believe the other is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from drills.framework.faults import Machine
from drills.framework.incidents import HEALTHY_S, instance_door, links_of, primary
from drills.framework.inside import InsideWriter
from drills.framework.records import Writing, wards
from drills.framework.registry import drill
from drills.framework.stage import Scene, Stage
from drills.framework.verdict import Budget

SECONDS = 60.0
FENCED_S = 10.0
"""How long an isolated primary may go on acknowledging to those who sit beside it."""


@drill("partition", budget=Budget(rto_s=30.0, goal_s=10.0), limit_s=900, macs=2, workload=wards)
async def partition(stage: Stage) -> None:
    """The Macs cannot hear each other; then nobody can hear the primary. Writers on both sides, each time.

    Those on the primary's side speak to its instance itself, past the edge. Whatever was acknowledged on
    either side, before, during or after, must be there when all is healed, and healing needs no help.
    """
    links, macs = links_of(stage.hospital), stage.hospital.macs
    await cut_off(stage, "between-the-macs", partial(links.cut, macs[0], macs[1]), fenced=False)
    victim = await primary(stage.hospital)
    await cut_off(stage, "primary-isolated", partial(links.isolate, victim.name), fenced=True)


async def cut_off(stage: Stage, fault: str, cut: Callable[[], None], fenced: bool) -> None:
    """A cut of one minute with writers inside and outside, and what comes after healing.

    fenced: the cut leaves the primary alone, so it must soon acknowledge nothing
    """
    victim = await primary(stage.hospital)
    async with stage.scene(fault, victim.name) as scene, written_inside(stage, scene, victim, fenced):
        try:
            await scene.strike(cut)
            await asyncio.sleep(SECONDS)
        finally:
            await asyncio.to_thread(links_of(stage.hospital).heal)
        await scene.until_healthy(within=HEALTHY_S)
        await scene.watch(at_least=SECONDS + 5, within=SECONDS + HEALTHY_S)


@asynccontextmanager
async def written_inside(stage: Stage, scene: Scene, machine: Machine, fenced: bool) -> AsyncIterator[None]:
    """A writer on ``machine`` for as long as the block; its acknowledgements are promises like all others."""
    told = await asyncio.to_thread(instance_door, stage.hospital, machine)
    writer = await asyncio.to_thread(InsideWriter, machine, told)
    try:
        yield
    finally:
        lived = await asyncio.to_thread(writer.stop)
        if isinstance(scene.workload, Writing):
            scene.workload.include(lived.acks, lived.doubtful)
        spell = (scene.fault_at, scene.fault_at + SECONDS)
        acked = [ack.at for ack in lived.acks]
        for phase, times in (("inside_acked", acked), ("inside_read", lived.reads)):
            scene.phases[f"{phase}_until_s"] = _last_within(times, *spell)
        scene.phases["inside_closed_s"] = _first_within(lived.closed, *spell)
        if fenced and (acked_s := scene.phases["inside_acked_until_s"]) and acked_s > FENCED_S:
            scene.broken.append(f"the isolated primary acknowledged for {acked_s:.1f} s")


def _last_within(times: Sequence[float], start: float, end: float) -> float | None:
    return max((at - start for at in times if start < at < end), default=None)


def _first_within(times: Sequence[float], start: float, end: float) -> float | None:
    return min((at - start for at in times if start < at < end), default=None)
