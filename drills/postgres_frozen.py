"""A database that neither works nor dies."""

from functools import partial

from drills.framework import faults
from drills.framework.incidents import HEALTHY_S, primary
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget


@drill("postgres-frozen", budget=Budget(rto_s=60.0, promotions=1), limit_s=400, macs=2, workload=wards)
async def postgres_frozen(stage: Stage) -> None:
    """Every PostgreSQL process of the primary is stopped (SIGSTOP); its machine and its pod seem well."""
    victim = await primary(stage.hospital)
    async with stage.scene("postgres-stopped", victim.name) as scene:
        try:
            await scene.strike(partial(faults.freeze_processes, victim, "postgres"))
            await scene.watch(at_least=20, within=120)
        finally:
            faults.thaw_processes(victim, "postgres")
        await scene.until_healthy(within=HEALTHY_S)
