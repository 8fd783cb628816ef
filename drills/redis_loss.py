"""The cache loses its primary: the process alone, then the whole Mac; then its replica."""

import asyncio
import json
from functools import partial
from time import monotonic

from components.cache_endpoints import CACHE, NAMESPACE
from drills.framework import faults
from drills.framework.faults import Machine
from drills.framework.hospital import Hospital
from drills.framework.incidents import HEALTHY_S, power_returns
from drills.framework.placement import cluster_of
from drills.framework.registry import drill
from drills.framework.sessions import services
from drills.framework.stage import Stage
from drills.framework.verdict import Budget, DrillError

ROLE = (".", "/settings/common.sh;", "tell", "monitor", "ROLE")
SERVER = "valkey-server"
RETURN = Budget(rto_s=5.0)
"""A replica that comes back takes all data from the primary, and takes nothing over."""


def roles(hospital: Hospital) -> dict[str, Machine]:
    """Who carries the ``master`` and the connected ``slave`` now; DrillError when nobody can be asked."""
    cluster = cluster_of(hospital)
    found: dict[str, Machine] = {}
    selector = f"--selector=app.kubernetes.io/name={CACHE}"
    pods = json.loads(cluster.kubectl("get", "pods", "--namespace", NAMESPACE, selector, "--output=json"))
    for pod in pods["items"]:
        where = ("--namespace", NAMESPACE, pod["metadata"]["name"], "--container", "server")
        try:
            said = cluster.kubectl("exec", *where, "--", "/bin/sh", "-c", " ".join(ROLE)).split()
        except DrillError:
            continue  # its machine is off, or it does not run
        if said[1:2] == ["master"] or "connected" in said:
            found[said[1]] = hospital.machines[pod["spec"]["nodeName"]]
    return found


async def both(hospital: Hospital, within: float = HEALTHY_S) -> tuple[Machine, Machine]:
    """The machines of primary and replica, as soon as there are both; raises DrillError if they never are."""
    end = monotonic() + within
    while True:
        now = await asyncio.to_thread(roles, hospital)
        if len(now) == 2:
            return now["master"], now["slave"]
        if monotonic() > end:
            raise DrillError(f"the cache has only {', '.join(now) or 'no server'} after {within:g} s")
        await asyncio.sleep(1)


@drill("redis-loss", budget=Budget(rto_s=10.0, goal_s=5.0), limit_s=600, macs=2, workload=services)
async def redis_loss(stage: Stage) -> None:
    """Sessions are written while the primary's process is killed, its Mac loses power, and the replica dies.

    A service elsewhere finds the new primary through the Sentinels; what a replica confirmed is all there.
    """
    hospital = stage.hospital
    primary, _ = await both(hospital)
    async with stage.scene("primary-killed", primary.name) as scene:
        await scene.strike(partial(faults.kill_processes, primary, SERVER))
        await scene.watch(at_least=8, within=60)
    primary, _ = await both(hospital)
    async with stage.scene("power-cut", primary.name) as scene:
        await scene.strike(partial(faults.cut_power, primary))
        await scene.watch(at_least=15, within=60)
    await power_returns(stage, primary, budget=RETURN)
    _, replica = await both(hospital)
    async with stage.scene("replica-killed", replica.name) as scene:
        await scene.strike(partial(faults.kill_processes, replica, SERVER))
        await scene.watch(at_least=8, within=60)
    await both(hospital)
