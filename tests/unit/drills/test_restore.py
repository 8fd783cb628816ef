"""What the restore drill holds for restored."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drills import restore
from drills.framework.stage import Stage
from drills.framework.verdict import DrillError
from drills.restore import Known, _place_of
from tests.unit.backup.test_backup_manifests import LIVE

KNOWN = Known.of("20000|0cc175b9c0f1b6a831c399e269772661\n", "2026-11-21T08:41:30.250000+00:00\n")


def test_the_same_rows_with_the_same_checksum_are_restored() -> None:
    assert KNOWN.differs_from("20000|0cc175b9c0f1b6a831c399e269772661\n") is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("19999|0cc175b9c0f1b6a831c399e269772661", "19999 rows were restored, there had been 20000"),
        ("20000|92eb5ffee6ae2fec3ad71c777531578f", "the checksum is another"),
        ("", "no rows were restored"),
    ],
)
def test_anything_else_is_not(content: str, reason: str) -> None:
    assert reason in str(KNOWN.differs_from(content))


def test_the_moment_has_a_zone() -> None:
    assert KNOWN.moment.utcoffset() is not None


def test_a_log_file_is_later_on_a_later_timeline_or_number() -> None:
    first, second = "00000001000000000000000A", "00000001000000000000000B"
    assert _place_of(first) < _place_of(second) < _place_of("000000020000000000000001")
    assert _place_of(f"{first}.00000028.backup") == first


class PaperMachine:
    """Writes down what is run on it."""

    name = "mac-b"

    def __init__(self, said: list[str]) -> None:
        self.said = said

    def is_running(self) -> bool:
        return True

    def run(self, argv: list[str], **more: Any) -> SimpleNamespace:
        kinds = [one["kind"] for one in json.loads(more["stdin"])["items"]] if more.get("stdin") else []
        self.said.append(" ".join([argv[0], *kinds]))
        return SimpleNamespace(returncode=0, stderr="")


class PaperCluster:
    """A database that is spoilt and restored on paper."""

    def __init__(self, restored: str = "20000|aa", opens: bool = True) -> None:
        self.said: list[str] = []
        self.machines = {"mac-b": PaperMachine(self.said)}
        self.restored, self.opens = restored, opens

    def snapshot(self) -> SimpleNamespace:
        return SimpleNamespace(standbys=("records-2",), primary="records-1", machine_of=lambda _: "mac-b")

    def psql(self, statement: str, instance: str | None = None) -> str:
        answers = {
            restore.CONTENT: self.restored if instance else "20000|aa",
            restore.NOW: "2026-11-21T08:41:30+00:00",
            restore.CLOSED: "00000001000000000000000A",
            restore.ARCHIVED: "00000001000000000000000A",
            restore.OPEN: "t" if self.opens else "f",
        }
        if statement == restore.SPOIL:
            self.said.append("spoilt")
        return answers.get(statement, "")

    def kubectl(self, *arguments: str, timeout: float = 8.0) -> str:
        if "delete" in arguments:
            self.said.append(f"delete {arguments[arguments.index('delete') + 1].split('.')[0]}")
            return ""
        if "objectstores.barmancloud.cnpg.io" in arguments:
            window = {"records": {"firstRecoverabilityPoint": "2026-11-21T02:00:40Z"}}
            return json.dumps({"status": {"serverRecoveryWindow": window}})
        return json.dumps(LIVE)


@dataclass
class PaperStage:
    """One scene, kept for the test."""

    hospital: Any
    phases: dict[str, float | None] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def scene(self, fault: str, victim: str) -> AsyncIterator[SimpleNamespace]:
        async def strike(what: Any) -> None:
            what()

        yield SimpleNamespace(strike=strike, phases=self.phases, broken=self.broken, fault_at=0.0)


async def carried_out(cluster: PaperCluster, monkeypatch: pytest.MonkeyPatch) -> PaperStage:
    async def until_healthy(within: float) -> list[str]:
        return []

    async def no_time(seconds: float) -> None:
        return None

    monkeypatch.setattr(restore, "cluster_of", lambda _: cluster)
    monkeypatch.setattr("drills.restore.asyncio.sleep", no_time)
    monkeypatch.setattr(restore, "RESTORED_S", 0.05)
    stage = PaperStage(SimpleNamespace(until_healthy=until_healthy))
    await restore.restore(cast(Stage, stage))
    return stage


@pytest.mark.asyncio
async def test_what_comes_back_as_it_was_keeps_the_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = await carried_out(PaperCluster(), monkeypatch)
    assert stage.broken == []
    assert set(stage.phases) == {"archived_s", "restored_s"}


@pytest.mark.asyncio
async def test_what_comes_back_otherwise_breaks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = await carried_out(PaperCluster(restored="13333|bb"), monkeypatch)
    assert stage.broken == ["13333 rows were restored, there had been 20000"]


@pytest.mark.asyncio
async def test_nothing_of_the_restored_records_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = PaperCluster()
    await carried_out(cluster, monkeypatch)
    clean = [
        "delete clusters",
        "delete persistentvolumeclaims",
        "delete persistentvolume",
        "delete storageclass",
        "rm",
    ]
    begun = [*clean, "install", "kubectl StorageClass PersistentVolume NetworkPolicy"]
    assert cluster.said == [*begun, "spoilt", "kubectl Cluster", *clean]


@pytest.mark.asyncio
async def test_records_that_never_open_are_removed_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = PaperCluster(opens=False)
    with pytest.raises(DrillError, match="the restored records: not within"):
        await carried_out(cluster, monkeypatch)
    assert cluster.said[-1] == "rm"
