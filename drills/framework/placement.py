"""The worst placement: everything that leads, and the address, on one Mac.

Leaders move as they would after a fault: the others' candidates are stopped, the lease is let go, and the
wanted candidate takes it. Afterwards all of it is verified, because a drill of a kinder placement than it
claims would prove nothing.
"""

from __future__ import annotations

import asyncio
import json
from time import monotonic

from components.database_endpoints import CLUSTER, NAMESPACE
from drills.framework.cluster import Cluster
from drills.framework.faults import comm
from drills.framework.hospital import Hospital
from drills.framework.snapshot import LEADERS, OPERATOR_NAMESPACE, Snapshot
from drills.framework.verdict import DrillError

OPERATOR = "app.kubernetes.io/name=cloudnative-pg"
PROCESSES = {
    "controller-manager": ["--exact", comm("kube-controller-manager")],
    "scheduler": ["--exact", comm("kube-scheduler")],
    "operator": ["--full", "^/manager controller"],  # an instance's is "manager instance run"
}
"""How pgrep finds the candidates of each lease."""


async def gather(hospital: Hospital, mac: str, tries: int = 3) -> None:
    """Bring the database's primary, every leader and the address to ``mac``.

    Raises DrillError that says who leads where when it does not come to that.
    """
    cluster = cluster_of(hospital)
    for _ in range(tries):
        await move_database(cluster, mac)
        await host_operator(cluster, mac)
        for role in LEADERS:
            await move_leader(cluster, role, mac)
        await move_address(hospital, mac)
        if complaints := await hospital.until_healthy(90):
            raise DrillError(f"unhealthy while its leaders moved: {'; '.join(complaints)}")
        placement = await asyncio.to_thread(where, hospital)
        if set(placement.values()) == {mac}:
            return
    raise DrillError(f"not everything came to {mac}: {json.dumps(placement)}")


def cluster_of(hospital: Hospital) -> Cluster:
    """The hospital's cluster; raises DrillError when it has none."""
    if hospital.cluster is None:
        raise DrillError("this hospital has no cluster yet: run `make up`")
    return hospital.cluster


def where(hospital: Hospital) -> dict[str, str]:
    """The machine of every leader, of the database's primary and of the address."""
    holders = hospital.holders()
    return {**cluster_of(hospital).snapshot().leaders(), "address": "+".join(holders) or "nobody"}


async def move_database(cluster: Cluster, mac: str) -> None:
    """A planned switchover to the instance on ``mac``; nothing happens when it is primary already."""
    now = await asyncio.to_thread(cluster.snapshot)
    if now.machine_of(now.primary) == mac:
        return
    there = [name for name in now.standbys if now.machine_of(name) == mac]
    if not there:
        raise DrillError(f"{mac} has no instance of {CLUSTER}")
    await asyncio.to_thread(promote, cluster, there[0])
    await cluster.until(
        f"{there[0]} is primary", lambda later: later.primary == later.target == there[0], within=90
    )


def promote(cluster: Cluster, instance: str) -> None:
    """Ask the operator for a planned switchover; returns before it is done."""
    cluster.kubectl("cnpg", "promote", CLUSTER, instance, "--namespace", NAMESPACE)


async def move_leader(cluster: Cluster, role: str, mac: str, within: float = 40.0) -> None:
    """Let the candidate on ``mac`` take the lease of ``role``."""
    if leader(await asyncio.to_thread(cluster.snapshot), role) == mac:
        return
    namespace, lease = LEADERS[role]
    free = json.dumps({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}})
    others = [name for name in cluster.machines if name != mac]
    try:
        for name in others:
            _signal(cluster, name, role, "STOP")
        end = monotonic() + within
        while leader(await asyncio.to_thread(cluster.snapshot), role) != mac:
            if monotonic() > end:
                raise DrillError(f"the {role} on {mac} does not take the lead")
            await asyncio.to_thread(
                cluster.kubectl, "patch", "lease", lease, "--namespace", namespace, "--type=merge", "-p", free
            )
            await asyncio.sleep(3.0)
    finally:
        for name in others:
            _signal(cluster, name, role, "CONT")


def leader(now: Snapshot, role: str) -> str:
    """The machine on which the leader of ``role`` runs."""
    return now.leaders()[role]


async def host_operator(cluster: Cluster, mac: str) -> None:
    """See to it that one of the operator's pods runs on ``mac``."""
    now = await asyncio.to_thread(cluster.snapshot)
    pods = [pod for pod in now.pods if pod.namespace == OPERATOR_NAMESPACE and not pod.finished]
    if any(pod.node == mac for pod in pods):
        return
    others = [name for name in now.nodes if name != mac]
    away = next(pod for pod in pods if pod.name != now.leases.get(LEADERS["operator"], "").rsplit("_", 1)[0])
    try:
        await asyncio.to_thread(cluster.kubectl, "cordon", *others)
        delete = ("delete", "pod", away.name, "--namespace", OPERATOR_NAMESPACE, "--wait=false")
        await asyncio.to_thread(cluster.kubectl, *delete)
        await cluster.until(
            f"an operator on {mac}",
            lambda later: any(
                pod.namespace == OPERATOR_NAMESPACE and pod.node == mac and pod.ready for pod in later.pods
            ),
            within=90,
        )
    finally:
        await asyncio.to_thread(cluster.kubectl, "uncordon", *others)


async def move_address(hospital: Hospital, mac: str, within: float = 30.0) -> None:
    """Silence the others' keepalived until ``mac`` has the address; nobody takes it back (nopreempt)."""
    if hospital.holders() == [mac]:
        return
    others = [machine for name, machine in hospital.machines.items() if name != mac]
    try:
        for machine in others:
            await asyncio.to_thread(machine.run, ["systemctl", "stop", "keepalived.service"])
        end = monotonic() + within
        while hospital.holders() != [mac]:
            if monotonic() > end:
                raise DrillError(f"{mac} does not take the floating address: see its keepalived's log")
            await asyncio.sleep(0.1)
    finally:
        for machine in others:
            await asyncio.to_thread(machine.run, ["systemctl", "start", "keepalived.service"])


def _signal(cluster: Cluster, name: str, role: str, signal: str) -> None:
    """Some machine may have no candidate; that is fine."""
    cluster.machines[name].run(["pkill", f"--signal={signal}", *PROCESSES[role]], check=False)
