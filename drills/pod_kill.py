"""Somebody deletes the wrong pod."""

from components.database_endpoints import NAMESPACE
from drills.framework.cluster import Cluster
from drills.framework.incidents import HEALTHY_S, primary
from drills.framework.placement import cluster_of
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget


@drill("pod-kill", budget=Budget(rto_s=15.0, goal_s=10.0, promotions=1), limit_s=300, macs=2, workload=wards)
async def pod_kill(stage: Stage) -> None:
    """The primary's pod is deleted with a second's notice while its machine is well."""
    cluster = cluster_of(stage.hospital)
    instance = cluster.snapshot().primary
    kill = ("delete", "pod", instance, "--namespace", NAMESPACE, "--grace-period=1", "--wait=false")
    async with stage.scene("pod-deleted", (await primary(stage.hospital)).name) as scene:
        await scene.strike(lambda: _tell(cluster, *kill))
        await scene.watch(at_least=8, within=60)
        await scene.until_healthy(within=HEALTHY_S)


def _tell(cluster: Cluster, *words: str) -> None:
    cluster.kubectl(*words)
