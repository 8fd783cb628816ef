"""The database cluster as its objects in Kubernetes tell of it, and the changes a detector may make to them.

The Cluster is read first and the FailoverQuorum last: whoever loosens the quorum does so because of a change
of the Cluster, whose version a promotion must still find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from detector.api import MERGE, STRATEGIC, Api, ConflictError, Session, UnavailableError
from detector.events import Bury, Change, Couple, Promote, Quorum, Records, Relieve, Uncouple

FAILING_OVER = "Failing over"
SWITCHING_OVER = "Switchover in progress"
"""Phases as CloudNativePG 1.30 names them (api/v1/cluster_types.go)."""
UNCOUPLED = "prontuario.hospital/uncoupled"
"""The annotation that says that a detector, and no operator, set the limit of standbys to none."""


@dataclass(frozen=True)
class RecordsApi:
    """The cluster ``name`` in ``namespace``, through this machine's API server."""

    api: Api
    namespace: str
    name: str

    def read(self) -> Records:
        """What it is now. Raises UnavailableError when any part of it cannot be read."""
        with self.api.session() as session:
            cluster = session.get(self._database("clusters"))
            if cluster is None:
                raise UnavailableError(f"there is no cluster {self.namespace}/{self.name}")
            names = cluster.get("status", {}).get("instanceNames") or []
            pods = {str(name): session.get(self._pod(str(name))) for name in names}
            quorum = session.get(self._database("failoverquorums"))
        return records_of(cluster, pods, quorum)

    def quorum_version(self) -> str:
        """What the quorum's version is now; none without one. Raises UnavailableError when nobody says."""
        with self.api.session() as session:
            return _version(session.get(self._database("failoverquorums")))

    def change(self, change: Change) -> bool:
        """Make it: True when the API server accepted it, False when the records had changed before.

        Raises UnavailableError when nobody knows which.
        """
        try:
            with self.api.session() as session:
                if isinstance(change, Bury):
                    self._bury(session, change)
                elif isinstance(change, Uncouple | Couple):
                    session.patch(self._database("clusters"), coupling_of(change))
                else:
                    session.patch(f"{self._database('clusters')}/status", patch_of(change, datetime.now(UTC)))
        except ConflictError:
            return False
        return True

    def _bury(self, session: Session, bury: Bury) -> None:
        if bury.holder:
            self._free(session, bury.holder)
        for name in bury.lost:
            pod = session.get(self._pod(name))
            if pod is not None and pod.get("spec", {}).get("nodeName") == bury.dead and _is_ready(pod):
                body = {
                    "metadata": {"resourceVersion": pod["metadata"]["resourceVersion"]},
                    "status": {"conditions": [_not_ready(bury.dead, datetime.now(UTC))]},
                }
                session.patch(f"{self._pod(name)}/status", body, STRATEGIC)

    def _free(self, session: Session, holder: str) -> None:
        path = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/{self.name}"
        lease = session.get(path)
        if lease is None or lease.get("spec", {}).get("holderIdentity") != holder:
            return
        body = {
            "metadata": {"resourceVersion": lease["metadata"]["resourceVersion"]},
            "spec": {"holderIdentity": "", "leaseDurationSeconds": 1},
        }
        session.patch(path, body, MERGE)

    def _database(self, kind: str) -> str:
        return f"/apis/postgresql.cnpg.io/v1/namespaces/{self.namespace}/{kind}/{self.name}"

    def _pod(self, name: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{name}"


def records_of(
    cluster: Mapping[str, Any],
    pods: Mapping[str, Mapping[str, Any] | None],
    quorum: Mapping[str, Any] | None,
) -> Records:
    """The objects as the decision knows them. Raises UnavailableError for one that is not as expected."""
    try:
        status, limit = cluster["status"], _limit(cluster)
        living = {name: pod for name, pod in pods.items() if pod is not None}
        return Records(
            version=str(cluster["metadata"]["resourceVersion"]),
            primary=str(status["currentPrimary"]),
            target=str(status["targetPrimary"]),
            placed={
                name: str(pod["spec"]["nodeName"])
                for name, pod in living.items()
                if "nodeName" in pod["spec"]
            },
            ready=frozenset(name for name, pod in living.items() if _is_ready(pod)),
            healthy=frozenset(map(str, status.get("instancesStatus", {}).get("healthy") or [])),
            quorum=_quorum(quorum),
            planned=status.get("phase") == SWITCHING_OVER,
            limit=limit,
            ours=limit == 0 and UNCOUPLED in (cluster["metadata"].get("annotations") or {}),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UnavailableError(f"the records are not as expected: {type(error).__name__}: {error}") from None


def patch_of(change: Promote | Relieve, now: datetime) -> dict[str, Any]:
    """The merge patch for the Cluster's status."""
    status: dict[str, Any] = {
        "instancesStatus": {"healthy": list(change.living), "replicating": list(change.lost)}
    }
    if isinstance(change, Promote):
        status |= {
            "targetPrimary": change.standby,
            "targetPrimaryTimestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "phase": FAILING_OVER,
            "phaseReason": f"failure detector: {change.dead} was lost by two machines",
        }
    return {"metadata": {"resourceVersion": change.version}, "status": status}


def coupling_of(change: Uncouple | Couple) -> dict[str, Any]:
    """The merge patch for the Cluster: a limit that only we remove, and the note that it is ours."""
    uncouple = isinstance(change, Uncouple)
    note = f"{change.here} does not hear {change.lost}" if isinstance(change, Uncouple) else None
    limit = {"maxStandbyNamesFromCluster": 0 if uncouple else None}
    return {
        "metadata": {"resourceVersion": change.version, "annotations": {UNCOUPLED: note}},
        "spec": {"postgresql": {"synchronous": limit}},
    }


def _limit(cluster: Mapping[str, Any]) -> int | None:
    """How many standbys may count; none where nobody asked for any."""
    synchronous = cluster["spec"]["postgresql"].get("synchronous")
    if synchronous is None:
        return 0
    limit = synchronous.get("maxStandbyNamesFromCluster")
    return None if limit is None else int(limit)


def _quorum(document: Mapping[str, Any] | None) -> Quorum | None:
    status = (document or {}).get("status") or {}
    names, number = status.get("standbyNames"), status.get("standbyNumber")
    if not status.get("primary") or not names or not isinstance(number, int):
        return None
    return Quorum(str(status["primary"]), frozenset(map(str, names)), number, _version(document))


def _version(document: Mapping[str, Any] | None) -> str:
    return str(((document or {}).get("metadata") or {}).get("resourceVersion") or "")


def _is_ready(pod: Mapping[str, Any]) -> bool:
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = pod.get("status", {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _not_ready(machine: str, now: datetime) -> dict[str, str]:
    return {
        "type": "Ready",
        "status": "False",
        "reason": "MachineLost",
        "message": f"failure detector: {machine} was lost by two machines",
        "lastTransitionTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
