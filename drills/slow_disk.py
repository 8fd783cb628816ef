"""A disk that is about to die."""

import asyncio
from functools import partial

from drills.disk.cover import faulty_disk
from drills.framework.incidents import HEALTHY_S, primary
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

SECONDS = 30.0


@drill("slow-disk", budget=Budget(rto_s=10.0, promotions=0), limit_s=900, macs=2, workload=wards)
async def slow_disk(stage: Stage) -> None:
    """The primary's disk takes 0.2 s for every sync and a second for every 4 MiB, for half a minute."""
    victim = await primary(stage.hospital)
    async with faulty_disk(stage.hospital, victim) as disk, stage.scene("slow-disk", victim.name) as scene:
        await scene.strike(partial(disk.fail, "slow"))
        await asyncio.sleep(SECONDS)
        await asyncio.to_thread(disk.fail, "well")
        await scene.until_healthy(within=HEALTHY_S)
