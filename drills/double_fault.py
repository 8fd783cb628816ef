"""Two faults in an order that would lose data if the wrong instance were trusted."""

import asyncio
from functools import partial

from drills.framework import faults
from drills.framework.incidents import HEALTHY_S, primary, standby
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

TEMPTED_S = 60.0


@drill("double-fault", budget=Budget(rto_s=5.0, promotions=0), limit_s=500, macs=2, workload=wards)
async def double_fault(stage: Stage) -> None:
    """The standby's Mac goes, notes are written without it, the primary's goes, and only the first returns.

    The stale standby must not be promoted, for a minute and however long it takes: it does not have what was
    acknowledged without it. When the other Mac returns, every note is there.
    """
    ahead, stale = await primary(stage.hospital), await standby(stage.hospital)
    async with stage.scene("standby-lost", stale.name) as scene:
        await scene.strike(partial(faults.cut_power, stale))
        await scene.watch(at_least=20, within=60)

    def swap() -> None:
        faults.cut_power(ahead)
        faults.power_on(stale)

    patience = Budget(rto_s=TEMPTED_S + HEALTHY_S, promotions=0)
    async with stage.scene("only-the-stale-standby", ahead.name, patience) as scene:
        await scene.strike(swap)
        await asyncio.sleep(TEMPTED_S)
        await asyncio.to_thread(faults.power_on, ahead)
        await scene.until_healthy(within=HEALTHY_S)
        await scene.watch(at_least=3)
