"""A known false failover, replayed: pods cannot hear each other between machines."""

from functools import partial

from drills.framework.incidents import for_a_while, links_of
from drills.framework.placement import cluster_of
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

STALL_S = 45.0


@drill("pod-network-stall", budget=Budget(rto_s=60.0, promotions=0), limit_s=400, macs=2, workload=wards)
async def pod_network_stall(stage: Stage) -> None:
    """No packet of a pod passes between machines for 45 s, while the machines themselves hear each other.

    The standby cannot follow, so writes wait until the primary may acknowledge alone; nobody is promoted.
    """
    links, network = links_of(stage.hospital), str(cluster_of(stage.hospital).pod_network)
    everybody = "+".join(stage.hospital.machines)
    begin = partial(links.stall, network)
    await for_a_while(stage, "pod-network-stall", everybody, begin=begin, end=links.heal, seconds=STALL_S)
