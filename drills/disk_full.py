"""A disk without room.

CloudNativePG does not fail over for this: a standby that holds the same has no more room. It keeps PostgreSQL
from starting until there is some, so what counts is that nothing is lost and how soon it then works again.
"""

import asyncio
from functools import partial

from drills.disk.cover import faulty_disk
from drills.framework.incidents import HEALTHY_S, primary
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

FULL_S = 30.0


@drill("disk-full", budget=Budget(rto_s=FULL_S + 30.0, promotions=1), limit_s=900, macs=2, workload=wards)
async def disk_full(stage: Stage) -> None:
    """The primary's disk has no room left, from one moment to the next; half a minute later it has."""
    victim = await primary(stage.hospital)
    async with faulty_disk(stage.hospital, victim) as disk, stage.scene("disk-full", victim.name) as scene:
        await scene.strike(partial(disk.fail, "full"))
        await asyncio.sleep(FULL_S)
        await asyncio.to_thread(disk.fail, "well")
        await scene.until_healthy(within=HEALTHY_S)
