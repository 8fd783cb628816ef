"""A planned change of primary."""

from drills.framework.incidents import HEALTHY_S, primary
from drills.framework.placement import cluster_of, promote
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget


@drill("switchover", budget=Budget(rto_s=10.0, goal_s=5.0, promotions=1), limit_s=300, macs=2, workload=wards)
async def switchover(stage: Stage) -> None:
    """The standby is asked to take over, everything being well."""
    cluster = cluster_of(stage.hospital)
    successor = cluster.snapshot().standbys[0]
    async with stage.scene("switchover", (await primary(stage.hospital)).name) as scene:
        await scene.strike(lambda: promote(cluster, successor))
        await scene.watch(at_least=8, within=60)
        await scene.until_healthy(within=HEALTHY_S)
