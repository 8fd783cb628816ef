"""A disk that has gone while everything else lives."""

import asyncio
from functools import partial

from drills.disk.cover import faulty_disk
from drills.framework.incidents import HEALTHY_S, primary
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget


@drill("storage-dead", budget=Budget(rto_s=120.0, promotions=1), limit_s=900, macs=2, workload=wards)
async def storage_dead(stage: Stage) -> None:
    """The primary's disk answers nothing any more; kernel, network and replication's connection live on."""
    victim = await primary(stage.hospital)
    async with faulty_disk(stage.hospital, victim) as disk, stage.scene("disk-dead", victim.name) as scene:
        try:
            await scene.strike(partial(disk.fail, "dead"))
            await scene.watch(at_least=30, within=150)
        finally:
            await asyncio.to_thread(disk.fail, "well")
        await scene.until_healthy(within=HEALTHY_S)
