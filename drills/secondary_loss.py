"""The Mac that only follows."""

from drills.framework.incidents import machine_lost, standby
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget


@drill("secondary-loss", budget=Budget(rto_s=5.0, promotions=0), limit_s=300, macs=2, workload=wards)
async def secondary_loss(stage: Stage) -> None:
    """The standby's Mac loses power: writes wait only until the primary may acknowledge alone."""
    await machine_lost(stage, await standby(stage.hospital))
