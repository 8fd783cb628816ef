"""A busy hospital is not a dead one: the records' side of it."""

import asyncio

from drills.cpu_stress import SECONDS
from drills.framework.faults import BusyProcessors
from drills.framework.incidents import primary
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

PATIENCE = Budget(rto_s=5.0, promotions=0, address_moves=0)


@drill("records-cpu-stress", budget=PATIENCE, limit_s=SECONDS + 300, macs=2, workload=wards)
async def records_cpu_stress(stage: Stage) -> None:
    """Every core is busy for PRONTUARIO_STRESS_SECONDS (60, in the nightly run 900): nobody is promoted."""
    victim = await primary(stage.hospital)
    async with stage.scene("cpu-stress", victim.name) as scene:
        with BusyProcessors(SECONDS + 10) as processors:
            await scene.strike(processors.start)
            await asyncio.sleep(SECONDS)
        await scene.until_healthy(within=30)
