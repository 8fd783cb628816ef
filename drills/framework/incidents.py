"""What several drills have in common: who is who just now, and how a hospital comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from drills.framework import faults
from drills.framework.faults import Machine
from drills.framework.hospital import Hospital
from drills.framework.inside import Told
from drills.framework.links import Links
from drills.framework.placement import cluster_of
from drills.framework.stage import Stage
from drills.framework.verdict import Budget, DrillError

RETURN = Budget(rto_s=5.0, promotions=0, address_moves=0)
"""What comes back must cost little and take nothing away from the machine that stood in for it."""
UNDISTURBED = Budget(rto_s=1.5, promotions=0, address_moves=0)
"""Nobody who uses the records may notice. A second and a half, because a busy computer pauses for one."""
HEALTHY_S = 90.0
"""From power to a whole hospital."""


async def primary(hospital: Hospital) -> Machine:
    """The machine whose instance is primary now."""
    now = await asyncio.to_thread(cluster_of(hospital).snapshot)
    return _machine(hospital, now.machine_of(now.primary), "primary")


async def standby(hospital: Hospital) -> Machine:
    """The machine whose instance follows the primary now."""
    now = await asyncio.to_thread(cluster_of(hospital).snapshot)
    return _machine(hospital, next(map(now.machine_of, now.standbys), ""), "standby")


def witness(hospital: Hospital) -> Machine:
    """The machine that is no Mac; raises DrillError when there is none."""
    return _machine(hospital, next((name for name in hospital.machines if name not in hospital.macs), ""), "")


def instance_door(hospital: Hospital, machine: Machine) -> Told:
    """The instance that a machine carries; raises DrillError when it carries none."""
    now = cluster_of(hospital).snapshot()
    names = [name for name in (now.primary, *now.standbys) if now.machine_of(name) == machine.name]
    if not names or names[0] not in hospital.instances:
        raise DrillError(f"{machine.name} carries no instance whose address is known")
    return hospital.instances[names[0]]


def links_of(hospital: Hospital) -> Links:
    """The cables; raises DrillError where no drill may touch them."""
    if hospital.links is None:
        raise DrillError("the cables of this hospital are not ours to cut: run this drill in the lab")
    return hospital.links


def _machine(hospital: Hospital, name: str, what: str) -> Machine:
    if name not in hospital.machines:
        raise DrillError(f"no machine carries the {what or 'witness'}")
    return hospital.machines[name]


async def power_returns(stage: Stage, *machines: Machine, budget: Budget = RETURN) -> None:
    """Machines get their power back and the hospital becomes whole, under load."""
    names = "+".join(machine.name for machine in machines)

    def power_on() -> None:
        for machine in machines:
            faults.power_on(machine)

    async with stage.scene("power-return", names, budget) as scene:
        await scene.strike(power_on)
        await scene.until_healthy(within=HEALTHY_S)
        await scene.watch(at_least=3)


async def for_a_while(
    stage: Stage,
    fault: str,
    victim: str,
    *,
    begin: Callable[[], None],
    end: Callable[[], None],
    seconds: float,
    budget: Budget | None = None,
) -> None:
    """A fault that lasts ``seconds`` and is then undone; the hospital must be whole again afterwards."""
    async with stage.scene(fault, victim, budget) as scene:
        try:
            await scene.strike(begin)
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(end)
        await scene.until_healthy(within=HEALTHY_S)
        await scene.watch(at_least=seconds + 3, within=seconds + HEALTHY_S)


async def machine_lost(stage: Stage, victim: Machine, watch_s: float = 15.0) -> None:
    """A machine's power is cut, and comes back."""
    async with stage.scene("power-cut", victim.name) as scene:
        await scene.strike(partial(faults.cut_power, victim))
        await scene.watch(at_least=watch_s, within=60)
    await power_returns(stage, victim)
