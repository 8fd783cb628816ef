"""Somebody spoils the records; they are made again, as they were a moment before, from the object store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any

from components.backup_manifests import OBJECT_STORE
from components.database_endpoints import CLUSTER, NAMESPACE
from components.restored import INSTANCE, RESTORED, render_place, render_restored
from components.volumes import FOLDER
from drills.framework.cluster import KUBECTL, Cluster
from drills.framework.faults import Machine
from drills.framework.placement import cluster_of
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Scene, Stage
from drills.framework.verdict import Budget, DrillError

ARCHIVED_S = 90.0
"""A change must be in the object store by then: the log is closed every 30 s and takes its time to arrive."""
BACKUP_S = 300.0
RESTORED_S = 600.0
_PERIOD_S = 0.5

MAKE = """
begin; drop table if exists drill_charts;
create table drill_charts (id int primary key, chart text not null);
insert into drill_charts select n, md5(random()::text) from generate_series(1, 20000) n; commit
"""
SPOIL = """
begin; update drill_charts set chart = 'lost' where id % 2 = 0;
delete from drill_charts where id % 3 = 0; commit
"""
CLEAR = "drop table if exists drill_charts"
CONTENT = "select count(*), md5(string_agg(id || chart, ',' order by id)) from drill_charts"
NOW = "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '+00:00'"
CLOSED = "select pg_walfile_name(pg_current_wal_insert_lsn())"
ARCHIVED = "select coalesce(max(last_archived_wal), '') from pg_stat_archiver"
OPEN = "select not pg_is_in_recovery()"


@dataclass(frozen=True)
class Known:
    """What the records were at ``moment``: rows and checksum."""

    moment: datetime
    rows: int
    checksum: str

    @classmethod
    def of(cls, content: str, moment: str) -> Known:
        """From two answers of psql."""
        rows, checksum = content.strip().split("|")
        return cls(datetime.fromisoformat(moment.strip()), int(rows), checksum)

    def differs_from(self, content: str) -> str | None:
        """Why the restored content is not this one; None when it is."""
        rows, _, checksum = content.strip().partition("|")
        if rows != str(self.rows):
            return f"{rows or 'no'} rows were restored, there had been {self.rows}"
        if checksum != self.checksum:
            return f"{self.rows} rows were restored, but not as they had been: the checksum is another"
        return None


@drill("restore", budget=Budget(rto_s=10.0), limit_s=1500, macs=1, workload=wards)
async def restore(stage: Stage) -> None:
    """Half of a table is overwritten and a third deleted, while the wards go on writing.

    The records of the moment before are restored beside the running ones, from the base backup and the log
    in the object store; count and checksum must be those of that moment. Measured: how long a change takes
    to be in the store (``archived_s``: what a burnt-down hospital would lose), and how long until the
    restored records can be asked (``restored_s``).
    """
    cluster = cluster_of(stage.hospital)
    await _backed_up(cluster)
    cluster.psql(MAKE)
    known = Known.of(cluster.psql(CONTENT), cluster.psql(NOW))
    await asyncio.sleep(2.0)  # between the moment and the mistake: the target is a time
    now = cluster.snapshot()
    machine = cluster.machines[now.machine_of(next(iter(now.standbys), now.primary))]
    async with _place(cluster, machine), stage.scene("records-spoiled", machine.name) as scene:
        await scene.strike(partial(_spoil, cluster))
        await _archived(cluster, scene)
        await _restored(cluster, scene, known)
    cluster.psql(CLEAR)
    if complaints := await stage.hospital.until_healthy(120):
        raise DrillError(f"not healthy after the restore: {complaints[0]}")


def _spoil(cluster: Cluster) -> None:
    cluster.psql(SPOIL)


async def _backed_up(cluster: Cluster) -> None:
    """A base backup from before the mistake; the first that is asked for when there is none yet."""

    def done() -> bool:
        store = _get(cluster, "objectstores.barmancloud.cnpg.io", OBJECT_STORE)
        window = store.get("status", {}).get("serverRecoveryWindow", {}).get(CLUSTER, {})
        return bool(window.get("firstRecoverabilityPoint"))

    await _until("a base backup in the object store", done, BACKUP_S)


async def _archived(cluster: Cluster, scene: Scene) -> None:
    """Wait until the log with the mistake is in the store, without asking for it."""
    file = cluster.psql(CLOSED).strip()
    await _until(
        "the log in the object store",
        lambda: _place_of(cluster.psql(ARCHIVED).strip()) >= _place_of(file),
        ARCHIVED_S,
    )
    scene.phases["archived_s"] = monotonic() - scene.fault_at


async def _restored(cluster: Cluster, scene: Scene, known: Known) -> None:
    """Ask for the records of then; compare what comes."""
    asked_at = monotonic()
    live = _get(cluster, "clusters.postgresql.cnpg.io", CLUSTER)
    _apply(cluster, [render_restored(live, known.moment)])
    await _until(
        "the restored records",
        lambda: cluster.psql(OPEN, INSTANCE).strip() == "t",
        RESTORED_S,
    )
    scene.phases["restored_s"] = monotonic() - asked_at
    if problem := known.differs_from(cluster.psql(CONTENT, INSTANCE)):
        scene.broken.append(problem)


def _place_of(file: str) -> str:
    """Timeline and number of a log file, which sort as text; a history's or backup's own name ends sooner."""
    return file[:24]


def _get(cluster: Cluster, kind: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(
        cluster.kubectl("--namespace", NAMESPACE, "get", kind, name, "--output=json")
    )
    return found


def _apply(cluster: Cluster, manifests: Sequence[Mapping[str, Any]]) -> None:
    """By a machine that is on; raises DrillError when the API server refuses."""
    machine = next(one for one in cluster.machines.values() if one.is_running())
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    said = machine.run([*KUBECTL, "apply", "--filename=-"], stdin=text, check=False)
    if said.returncode != 0:
        raise DrillError(f"the cluster refused what a restore needs: {said.stderr.strip()}")


@asynccontextmanager
async def _place(cluster: Cluster, machine: Machine) -> AsyncIterator[None]:
    """Room for the restored records on ``machine``, and afterwards nothing of them left."""
    folder = str(FOLDER / RESTORED)
    size = str(_get(cluster, "clusters.postgresql.cnpg.io", CLUSTER)["spec"]["storage"]["size"])
    _remove(cluster, machine, folder)
    machine.run(["install", "--directory", "--owner=26", "--group=26", "--mode=0700", folder])
    try:
        _apply(cluster, render_place(machine.name, size))
        yield
    finally:
        await asyncio.to_thread(_remove, cluster, machine, folder)


def _remove(cluster: Cluster, machine: Machine, folder: str) -> None:
    gone = ("--ignore-not-found", "--timeout=90s")
    kinds = "clusters.postgresql.cnpg.io,networkpolicies.networking.k8s.io"
    cluster.kubectl("--namespace", NAMESPACE, "delete", kinds, RESTORED, *gone, timeout=120)
    claims = ("persistentvolumeclaims", f"--selector=cnpg.io/cluster={RESTORED}")
    cluster.kubectl("--namespace", NAMESPACE, "delete", *claims, *gone, timeout=120)
    cluster.kubectl("delete", "persistentvolume", f"{RESTORED}-{machine.name}", *gone, timeout=120)
    cluster.kubectl("delete", "storageclass", RESTORED, *gone, timeout=120)
    machine.run(["rm", "--recursive", "--force", folder])


async def _until(what: str, holds: Callable[[], bool], within: float) -> None:
    """Ask again until ``holds``; raises DrillError after ``within`` seconds."""
    end = monotonic() + within
    problem = ""
    while monotonic() < end:
        try:
            if await asyncio.to_thread(holds):
                return
        except DrillError as error:
            problem = f" ({error})"
        await asyncio.sleep(_PERIOD_S)
    raise DrillError(f"{what}: not within {within:g} s{problem}")
