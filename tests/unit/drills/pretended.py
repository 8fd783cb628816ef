"""A database that misbehaves on demand, a cluster made of one JSON document, and machines made of paper."""

import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from time import monotonic
from typing import Any

from drills.framework.cluster import Cluster
from drills.framework.history import Attempt, Outcome
from drills.framework.records_checker import Ack
from drills.framework.snapshot import Snapshot, parse


@dataclass
class Database:
    """Moods: well, refusing (nobody is served), silent (served, never told), lying (told, not kept),
    doubling (kept twice), forgetful (reads find nothing)."""

    mood: str = "well"
    server: str = "10.244.0.2"
    timeline: int = 1
    user: str = "medical_app"
    writes: Counter[str] = field(default_factory=Counter)

    def clerk(self, name: str, *_: Any) -> "PretendedClerk":
        """In place of a connection."""
        return PretendedClerk(name, self)


@dataclass
class PretendedClerk:
    """What :class:`drills.framework.records_client.Clerk` does, without a network."""

    name: str
    database: Database

    async def write(self, note: str, _: float) -> tuple[Attempt, Ack | None, bool]:
        """One try."""
        start, database = monotonic(), self.database
        if database.mood not in ("refusing", "lying"):
            database.writes[note] = 2 if database.mood == "doubling" else 1
        if database.mood in ("refusing", "silent"):
            return Attempt(start, monotonic(), Outcome.FAILED, error="reset"), None, database.mood == "silent"
        at = monotonic()
        ack = Ack(note, start, at, database.server, database.timeline)
        return Attempt(start, at, Outcome.OK, "mac-a"), ack, False

    async def look(self, note: str, _: float) -> bool | None:
        """Whether it is there."""
        return None if self.database.mood == "refusing" else self.database.mood != "forgetful"

    async def rows(self, statement: str, _: float) -> list[dict[str, Any]]:
        """What the checker reads back."""
        if self.database.mood == "refusing":
            raise ConnectionRefusedError("nobody is served")
        if "pg_walfile_name" in statement:
            return [{"file": f"{self.database.timeline:08X}0000000000000001"}]
        return [{"id": id_, "count": count} for id_, count in self.database.writes.items() if count]

    def hang_up(self) -> None:
        """Nothing to let go."""


@dataclass
class PaperMachine:
    """A machine that is a name, a switch, and answers written beforehand."""

    name: str
    address: str = "192.168.100.10"
    on: bool = True
    frozen: bool = False
    said: list[str] = field(default_factory=list)
    answer: Callable[[Sequence[str]], str] = lambda argv: ""

    @property
    def init_pid(self) -> int | None:
        return 1 if self.on else None

    def kill(self) -> None:
        self.on = False
        self.said.append(f"{self.name}: power cut")

    def start(self) -> None:
        self.on = True
        self.said.append(f"{self.name}: power on")

    def catch_up(self) -> None:
        self.said.append(f"{self.name}: has caught up")

    def freeze(self) -> None:
        self.frozen = True
        self.said.append(f"{self.name}: frozen")

    def thaw(self) -> None:
        self.frozen = False
        self.said.append(f"{self.name}: thawed")

    def is_frozen(self) -> bool:
        return self.frozen

    def is_running(self) -> bool:
        return self.on

    def holds(self, address: str) -> bool:
        return self.name == "mac-a"

    def run(
        self, argv: Sequence[str], *, check: bool = True, timeout: float = 30.0, stdin: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        self.said.append(f"{self.name}: {' '.join(argv)}")
        return subprocess.CompletedProcess(list(argv), 0, self.answer(argv), "")


def item(kind: str, name: str, namespace: str = "", **rest: Any) -> dict[str, Any]:
    """One Kubernetes object."""
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": {}, **rest}


READY = {"conditions": [{"type": "Ready", "status": "True"}]}


def pod(name: str, namespace: str, node: str, **status: Any) -> dict[str, Any]:
    """A pod that serves, unless ``status`` says otherwise."""
    return item("Pod", name, namespace, status={**READY, **status}) | {"spec": {"nodeName": node}}


def lease(namespace: str, name: str, holder: str, taken: str | None = None) -> dict[str, Any]:
    """A leader's claim."""
    return item("Lease", name, namespace) | {"spec": {"holderIdentity": holder, "acquireTime": taken}}


def whole() -> list[dict[str, Any]]:
    """A healthy cluster: primary records-1 on mac-a, its standby on mac-b, leaders here and there."""
    status = {
        "currentPrimary": "records-1",
        "targetPrimary": "records-1",
        "targetPrimaryTimestamp": "2026-11-21T08:00:01.500000Z",
        "currentPrimaryTimestamp": "2026-11-21T08:00:03.250000Z",
    }
    quorum = {"method": "ANY", "primary": "records-1", "standbyNames": ["records-2"], "standbyNumber": 1}
    return [
        *(item("Node", name, status=READY) for name in ("mac-a", "mac-b", "witness")),
        pod("records-1", "medical-data", "mac-a"),
        pod("records-2", "medical-data", "mac-b"),
        pod("records-1-initdb-x", "medical-data", "mac-a", conditions=[], phase="Succeeded"),
        pod("cnpg-1", "cnpg-system", "mac-a"),
        pod("cnpg-2", "cnpg-system", "mac-b"),
        item("Cluster", "records", "medical-data", status=status) | {"spec": {"instances": 2}},
        item("FailoverQuorum", "records", "medical-data", status=quorum),
        lease("medical-data", "records", "records-1", "2026-11-21T08:00:02.000000Z"),
        lease("cnpg-system", "db9c8771.cnpg.io", "cnpg-2_3e1f"),
        lease("kube-system", "kube-controller-manager", "mac-b_77aa"),
        lease("kube-system", "kube-scheduler", "witness_88bb"),
    ]


def snapshot(items: list[dict[str, Any]] | None = None) -> Snapshot:
    """What the drills read of it."""
    return parse({"items": whole() if items is None else items})


def cluster_of_paper(answer: Callable[[Sequence[str]], str] = lambda argv: "") -> Cluster:
    """A cluster of three machines that all give the same answers."""
    machines = {name: PaperMachine(name, answer=answer) for name in ("mac-a", "mac-b", "witness")}
    return Cluster(machines, IPv4Network("10.244.0.0/16"), "https://10.254.0.1:6444")
