"""The worst thing that can happen to one machine, in the worst placement."""

import asyncio
from functools import partial

from drills.framework import faults
from drills.framework.incidents import power_returns, primary
from drills.framework.placement import gather, where
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget, DrillError

SETTLED_S = 12.0
"""The detectors promote nobody on a quorum younger than 10 s: what has just returned may still catch up."""
TRIES = 3
"""A leader may move by itself between the arrangement and the fault: then it is arranged anew."""


@drill(
    "primary-loss",
    budget=Budget(rto_s=10.0, goal_s=5.0, promotions=1),
    limit_s=600,
    macs=2,
    workload=wards,
)
async def primary_loss(stage: Stage) -> None:
    """One Mac holds the database's primary, every leader and the floating address; its power is cut.

    The leaders are those of the controller-manager, the scheduler and the database's operator. Power comes
    back afterwards, and the machine must find its new place without anybody noticing.
    """
    await everything_at_once(stage)


@drill(
    "primary-loss-settings",
    budget=Budget(rto_s=30.0, promotions=1),
    limit_s=600,
    macs=2,
    workload=wards,
)
async def primary_loss_settings(stage: Stage) -> None:
    """As primary-loss, on a hospital without failure detectors: fast clocks of the cluster alone."""
    if stage.hospital.detector:
        raise DrillError("this hospital has detectors: set detector.enabled: false and run `make up` first")
    await everything_at_once(stage)


async def everything_at_once(stage: Stage) -> None:
    """Arrange the worst placement on the primary's Mac, cut its power, give it back."""
    hospital = stage.hospital
    for _ in range(TRIES):
        victim = await primary(hospital)
        await asyncio.sleep(SETTLED_S if hospital.detector else 0)
        await gather(hospital, victim.name)
        async with stage.scene("power-cut", victim.name) as scene:
            placement = await asyncio.to_thread(where, hospital)
            if set(placement.values()) == {victim.name}:
                await scene.strike(partial(faults.cut_power, victim))
                await scene.watch(at_least=8, within=90)
                break
    else:
        raise DrillError(f"the worst placement did not last until the fault: {placement}")
    await power_returns(stage, victim)
