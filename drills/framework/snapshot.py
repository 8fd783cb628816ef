"""What the API server says of the cluster at one moment, read once and cut down to what a drill asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from components.database_endpoints import CLUSTER, NAMESPACE

OPERATOR_NAMESPACE = "cnpg-system"
CONTROL_PLANE = "kube-system"
KINDS = (
    "nodes",
    "pods",
    "clusters.postgresql.cnpg.io",
    "failoverquorums.postgresql.cnpg.io",
    "leases.coordination.k8s.io",
)
"""What :func:`parse` needs, of every namespace."""

LEADERS = {
    "controller-manager": (CONTROL_PLANE, "kube-controller-manager"),
    "scheduler": (CONTROL_PLANE, "kube-scheduler"),
    "operator": (OPERATOR_NAMESPACE, "db9c8771.cnpg.io"),
}
"""Who leads what, and the lease that says so; the operator's is upstream's constant."""


WHOLE_SECOND = 1.0
"""Kubernetes cuts its times down to it."""


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod: where it is, whether it serves, and since when its containers run (None: unknown).

    ``started`` is the oldest of them, in seconds since the epoch.
    """

    namespace: str
    name: str
    node: str
    address: str
    ready: bool
    finished: bool
    started: float | None = None

    def outlives(self, powered: float | None) -> bool:
        """Whether its containers were started since its machine was."""
        return powered is None or self.started is None or self.started + WHOLE_SECOND >= powered


@dataclass(frozen=True, slots=True)
class Quorum:
    """CloudNativePG's FailoverQuorum: ``number`` of ``standbys`` hold every commit of ``primary``."""

    primary: str
    standbys: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The cluster at one moment.

    nodes: ready and open for new pods, by name
    primary, target: instances (pods) of the records; promised_at, done_at: when target became target and
    primary primary (seconds since the epoch, None when never)
    leases: holder by (namespace, name); taken: when it took the lease
    """

    nodes: Mapping[str, bool]
    pods: tuple[Pod, ...]
    primary: str
    target: str
    instances: int
    promised_at: float | None
    done_at: float | None
    quorum: Quorum | None
    leases: Mapping[tuple[str, str], str]
    taken: Mapping[tuple[str, str], float]

    def pod(self, name: str, namespace: str = NAMESPACE) -> Pod | None:
        """The pod of that name, None when there is none."""
        return next((pod for pod in self.pods if (pod.namespace, pod.name) == (namespace, name)), None)

    def machine_of(self, instance: str) -> str:
        """The machine that carries an instance, empty when none does."""
        pod = self.pod(instance)
        return pod.node if pod else ""

    @property
    def standbys(self) -> tuple[str, ...]:
        """The other instances, by name."""
        return tuple(
            pod.name
            for pod in self.pods
            if pod.namespace == NAMESPACE
            and pod.name.startswith(f"{CLUSTER}-")
            and pod.name.removeprefix(f"{CLUSTER}-").isdigit()
            and pod.name != self.primary
        )

    def leaders(self) -> dict[str, str]:
        """The machine on which each leader runs, the database's primary included; empty when unknown."""
        found = {"database": self.machine_of(self.primary)}
        for role, place in LEADERS.items():
            holder = self.leases.get(place, "").rsplit("_", 1)[0]
            pod = self.pod(holder, place[0])
            found[role] = pod.node if pod else holder if holder in self.nodes else ""
        return found

    def complaints(self, powered: Mapping[str, float] = MappingProxyType({})) -> list[str]:
        """What the API server itself knows to be wrong; replication it does not know.

        ``powered`` says since when each machine is on (seconds since the epoch): until the kubelet of one
        that came back reports, the API server calls the pods ready that were there before.
        """
        found = [f"node {name} is not ready" for name, ready in self.nodes.items() if not ready]
        found += [
            f"pod {pod.name} in {pod.namespace} is not ready"
            for pod in self.pods
            if not pod.finished and not (pod.ready and pod.outlives(powered.get(pod.node)))
        ]
        if not self.primary:
            return [*found, f"the cluster {CLUSTER} has no primary"]
        if self.primary != self.target:
            found.append(f"the database is moving from {self.primary} to {self.target}")
        expected = self.instances - 1
        if len(self.standbys) < expected:
            found.append(f"the database has {len(self.standbys)} standbys of {expected}")
        elif expected and (self.quorum is None or self.quorum.primary != self.primary):
            found.append("the failover quorum is not the present primary's")
        elif expected and self.quorum and not set(self.standbys) <= set(self.quorum.standbys):
            found.append("a standby is missing in the failover quorum")
        return found


def parse(listing: Mapping[str, Any]) -> Snapshot:
    """A snapshot of the answer to ``kubectl get KINDS --all-namespaces --output=json``."""
    by_kind: dict[str, list[Any]] = {}
    for item in listing["items"]:
        by_kind.setdefault(item["kind"], []).append(item)
    records: Any = _ours(by_kind.get("Cluster", []))
    status = records.get("status", {})
    leases = {_place(item): item["spec"] for item in by_kind.get("Lease", [])}
    return Snapshot(
        nodes={item["metadata"]["name"]: _node_is_open(item) for item in by_kind.get("Node", [])},
        pods=tuple(_pod(item) for item in by_kind.get("Pod", [])),
        primary=status.get("currentPrimary", ""),
        target=status.get("targetPrimary", ""),
        instances=records.get("spec", {}).get("instances", 0),
        promised_at=seconds(status.get("targetPrimaryTimestamp")),
        done_at=seconds(status.get("currentPrimaryTimestamp")),
        quorum=_quorum(by_kind.get("FailoverQuorum", [])),
        leases={place: spec.get("holderIdentity") or "" for place, spec in leases.items()},
        taken={
            place: at
            for place, spec in leases.items()
            if (at := seconds(spec.get("acquireTime"))) is not None
        },
    )


def seconds(stamp: str | None) -> float | None:
    """Seconds since the epoch of an RFC 3339 time; None for none."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else None


def _place(item: Any) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def _ours(items: list[Any]) -> Any:
    """The one of the medical records; nothing when there is none yet."""
    return next((item for item in items if _place(item) == (NAMESPACE, CLUSTER)), {})


def _condition(item: Any, kind: str) -> bool:
    conditions = item.get("status", {}).get("conditions", [])
    return any(entry["type"] == kind and entry["status"] == "True" for entry in conditions)


def _node_is_open(item: Any) -> bool:
    return _condition(item, "Ready") and not item["spec"].get("unschedulable")


def _pod(item: Any) -> Pod:
    status = item.get("status", {})
    running = [one.get("state", {}).get("running", {}) for one in status.get("containerStatuses", ())]
    starts = [seconds(one.get("startedAt")) for one in running]
    return Pod(
        namespace=item["metadata"]["namespace"],
        name=item["metadata"]["name"],
        node=item["spec"].get("nodeName", ""),
        address=status.get("podIP", ""),
        ready=_condition(item, "Ready") and "deletionTimestamp" not in item["metadata"],
        finished=status.get("phase") in ("Succeeded", "Failed"),
        started=min(filter(None, starts), default=None),
    )


def _quorum(items: list[Any]) -> Quorum | None:
    status: Any = _ours(items).get("status", {})
    if not status.get("primary"):
        return None
    return Quorum(status["primary"], tuple(status.get("standbyNames", ())), status.get("standbyNumber", 0))
