"""Writers and a reader on the medical records, and the proof of what they were told."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic, time
from typing import TYPE_CHECKING

from drills.framework.cluster import OWNER, Cluster
from drills.framework.history import Attempt, History, Operation, Outcome
from drills.framework.phases import moments
from drills.framework.records_checker import Ack, Evidence, ReadBack, audit
from drills.framework.records_client import UNANSWERED, Clerk, RecordsDoor
from drills.framework.verdict import DrillError
from drills.framework.workload import Begin, Load, Proof

if TYPE_CHECKING:
    from drills.framework.hospital import Hospital

WARD = Load(rate=30.0, phones=6, lead_s=3.0, deadline_s=120.0, attempt_s=2.0, pause_s=0.1)
"""Each of six writers has a note every 0.2 s. One statement at a time on each connection, so that a stalled
database sees as many connections as there are writers and not as many as there are notes."""
LOOKS_PER_S = 10.0
READ_BACK_S = 60.0
LONGEST_LOAD_S = 1800.0
"""A forgotten load stops by itself."""

CLEAR = "drop table if exists drill_writes, drill_copies"
MAKE = f"""
begin; {CLEAR}; set local role {OWNER};
create table drill_writes (id uuid primary key, writer text not null, tries int not null default 1);
create table drill_copies (id uuid not null);
grant select, insert, update on drill_writes, drill_copies to %s; commit
"""


@dataclass(slots=True)
class Ledger:
    """What the database promised since the run began, scene after scene."""

    acks: list[Ack] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)


class Writing:
    """A running load: writers on their own schedule, each note tried until it is acknowledged."""

    def __init__(self, door: RecordsDoor, cluster: Cluster, ledger: Ledger, load: Load | None = None) -> None:
        self.load = load or WARD
        self.history = History(0.0, float("inf"))
        self.last_answer_at = float("-inf")
        self.client_stall_s = 0.0
        self.stale_reads = 0
        self._cluster = cluster
        self._ledger = ledger
        self._before = len(ledger.acks)
        names = [f"writer-{number}" for number in range(self.load.phones)]
        self._writers = [Clerk(name, door, cluster.machine_of_address) for name in names]
        self._reader = Clerk("reader", door, cluster.machine_of_address)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def acks(self) -> list[Ack]:
        """Acknowledged in this load, in order."""
        return self._ledger.acks[self._before :]

    def start(self) -> None:
        """Begin writing; the history begins now."""
        self.history.started_at = monotonic()
        loops = [self._write(number, clerk) for number, clerk in enumerate(self._writers)]
        self._tasks = [asyncio.create_task(loop) for loop in [*loops, self._read()]]

    async def stop(self) -> History:
        """Write no more, wait for every open note, and return the history."""
        self.history.ended_at = monotonic()
        try:
            await asyncio.gather(*self._tasks)
        finally:
            await self.abandon()
        return self.history

    async def abandon(self) -> None:
        """Stop at once; the history is incomplete and must not be judged."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for clerk in (*self._writers, self._reader):
            clerk.hang_up()

    async def proof(self, struck_at: float) -> Proof:
        """Read everything back from whoever is primary now, and ask the cluster how it came to that."""
        back, unproved = await self._read_back()
        evidence = Evidence(
            history=self.history,
            acks=self.acks,
            promised=frozenset(ack.id for ack in self._ledger.acks),
            doubtful=frozenset(self._ledger.doubtful),
            stale_reads=self.stale_reads,
            read_back=back,
            unproved=unproved,
        )
        findings = audit(evidence, struck_at)
        since = time() - (monotonic() - struck_at)
        phases = await asyncio.to_thread(moments, self._cluster, since)
        if findings.failed_attempts or phases["elected_s"]:
            phases["writable_s"] = findings.gap.end - struck_at
        return Proof(findings, phases)

    def include(self, acks: Iterable[Ack], doubtful: Iterable[str]) -> None:
        """Promises that somebody else was given meanwhile, beside the instance itself."""
        self._ledger.acks.extend(acks)
        self._ledger.doubtful.update(doubtful)

    async def _write(self, number: int, clerk: Clerk) -> None:
        period = self.load.phones / self.load.rate
        due = self.history.started_at + number / self.load.rate
        last = self.history.started_at + LONGEST_LOAD_S
        while due < last and max(due, monotonic()) < self.history.ended_at:
            if (early := due - monotonic()) > 0:
                await asyncio.sleep(early)
                self.client_stall_s = max(self.client_stall_s, monotonic() - due)
            self.history.operations.append(await self._until_acknowledged(clerk, due))
            due += period

    async def _until_acknowledged(self, clerk: Clerk, due: float) -> Operation:
        note = str(uuid.uuid4())
        attempts: list[Attempt] = []
        while (left := due + self.load.deadline_s - monotonic()) > 0:
            attempt, ack, doubtful = await clerk.write(note, min(self.load.attempt_s, left))
            attempts.append(attempt)
            if doubtful:
                self._ledger.doubtful.add(note)
            if ack:
                self._ledger.acks.append(ack)
                self.last_answer_at = max(self.last_answer_at, ack.at)
                return Operation(note, clerk.name, due, ack.at, Outcome.OK, tuple(attempts))
            if monotonic() > self.history.ended_at:
                break  # the scene is over: what was not done by now is given up
            await asyncio.sleep(self.load.pause_s)
        return Operation(note, clerk.name, due, monotonic(), Outcome.FAILED, tuple(attempts))

    async def _read(self) -> None:
        while monotonic() < self.history.ended_at:
            await asyncio.sleep(1 / LOOKS_PER_S)
            if self.acks:
                newest = self._ledger.acks[-1].id
                if await self._reader.look(newest, self.load.attempt_s) is False:
                    self.stale_reads += 1

    async def _read_back(self) -> tuple[ReadBack | None, str]:
        end = monotonic() + READ_BACK_S
        while True:
            try:
                return await self._everything(), ""
            except UNANSWERED as error:
                self._reader.hang_up()
                if monotonic() > end:
                    return None, f"{type(error).__name__}: {error}"
                await asyncio.sleep(0.5)
            finally:
                self._reader.hang_up()

    async def _everything(self) -> ReadBack:
        count = "select id::text as id, count(*) as count from {} group by id"
        writes = await self._reader.rows(count.format("drill_writes"), 20.0)
        copies = await self._reader.rows(count.format("drill_copies"), 20.0)
        now = await self._reader.rows("select pg_walfile_name(pg_current_wal_lsn()) as file", 20.0)
        return ReadBack(
            {row["id"]: row["count"] for row in writes},
            {row["id"]: row["count"] for row in copies},
            int(now[0]["file"][:8], 16),
        )


@asynccontextmanager
async def wards(hospital: Hospital, load: Load | None) -> AsyncIterator[Begin]:
    """The kind of load that writes medical records, in two tables of its own that go with the run."""
    if hospital.cluster is None or hospital.records is None:
        raise DrillError("this hospital has no database yet: run `make up`")
    cluster, door, ledger = hospital.cluster, hospital.records, Ledger()
    await asyncio.to_thread(cluster.psql, MAKE % door.user)
    try:
        yield lambda: Writing(door, cluster, ledger, load)
    finally:
        with contextlib.suppress(DrillError):  # the next run begins by dropping them
            await asyncio.to_thread(cluster.psql, CLEAR)
