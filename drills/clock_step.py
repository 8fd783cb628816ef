"""A clock on the wall that is wrong by an hour."""

import asyncio
from functools import partial

from drills.clock.wall import wall_clocks
from drills.framework import faults
from drills.framework.incidents import HEALTHY_S, UNDISTURBED, for_a_while, power_returns, primary, witness
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

HOUR = 3600.0
SECONDS = 12.0
IN_TIME = Budget(rto_s=10.0, goal_s=5.0)


@drill("clock-step", budget=UNDISTURBED, limit_s=900, macs=2, workload=wards)
async def clock_step(stage: Stage) -> None:
    """The time of day of each failure detector is stepped by an hour, ahead and back: nobody is disturbed.

    Then the primary's Mac loses power while the witness's clock is wrong, and is replaced as ever. Only the
    detectors' clocks are stepped: the machines share their computer's.
    """
    machines = stage.hospital.machines
    async with wall_clocks(stage.hospital, machines.values()) as clocks:
        for name in machines:
            for fault, ahead in (("an-hour-ahead", HOUR), ("an-hour-behind", -HOUR)):
                begin, end = partial(clocks[name].step, ahead), partial(clocks[name].step, 0)
                await for_a_while(stage, fault, name, begin=begin, end=end, seconds=SECONDS)
        victim, wrong = await primary(stage.hospital), clocks[witness(stage.hospital).name]
        # Behind: what it writes down then is not taken for a moment of this failover, or of a later one.
        await asyncio.to_thread(wrong.step, -HOUR)
        await asyncio.sleep(SECONDS)
        async with stage.scene("power-cut", victim.name, IN_TIME) as scene:
            await scene.strike(partial(faults.cut_power, victim))
            await scene.watch(at_least=20, within=HEALTHY_S)
        await asyncio.to_thread(wrong.step, 0)
        await power_returns(stage, victim)
