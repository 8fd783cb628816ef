"""Planned work on the database."""

from components.database_endpoints import CLUSTER, NAMESPACE
from drills.framework.incidents import HEALTHY_S, primary, standby
from drills.framework.placement import cluster_of
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget


@drill("rolling-restart", budget=Budget(rto_s=15.0, promotions=1), limit_s=400, macs=2, workload=wards)
async def rolling_restart(stage: Stage) -> None:
    """Every instance is restarted, the standby first, as a new version or setting would ask for."""
    cluster = cluster_of(stage.hospital)
    before = {pod.name: pod.address for pod in cluster.snapshot().pods if pod.name.startswith(f"{CLUSTER}-")}

    def restart() -> None:
        cluster.kubectl("cnpg", "restart", CLUSTER, "--namespace", NAMESPACE)

    victims = f"{(await standby(stage.hospital)).name}+{(await primary(stage.hospital)).name}"
    async with stage.scene("restart", victims) as scene:
        await scene.strike(restart)
        await cluster.until(
            "every instance has another pod",
            lambda now: all((pod := now.pod(name)) and pod.address != old for name, old in before.items()),
            within=180,
        )
        await scene.until_healthy(within=HEALTHY_S)
        await scene.watch(at_least=8)
