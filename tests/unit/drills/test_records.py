"""The records' load writes on its own schedule, and its proof finds whatever the database did wrong."""

import asyncio
import json
from collections.abc import Sequence
from typing import cast

import pytest

from drills.framework import records
from drills.framework.checker import Findings
from drills.framework.hospital import Hospital
from drills.framework.records import Ledger, Writing, wards
from drills.framework.records_client import RecordsDoor
from drills.framework.verdict import DrillError
from drills.framework.workload import Load, Proof
from tests.unit.drills.pretended import Database, cluster_of_paper, whole

pytestmark = pytest.mark.asyncio

BRISK = Load(rate=100.0, phones=4, lead_s=0.1, deadline_s=5.0, attempt_s=0.1, pause_s=0.01)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database in place of the network."""
    pretended = Database()
    monkeypatch.setattr(records, "Clerk", pretended.clerk)
    monkeypatch.setattr(records, "READ_BACK_S", 0.1)
    return pretended


def api(argv: Sequence[str]) -> str:
    return json.dumps({"items": whole()}) if "get" in argv else ""


def begin(database: Database, ledger: Ledger | None = None) -> Writing:
    door = cast(RecordsDoor, database)
    return Writing(door, cluster_of_paper(api), ledger or Ledger(), BRISK)


async def live(database: Database, *moods: str, ledger: Ledger | None = None) -> Proof:
    """The proof of a load under which the database has each mood for a while; the last one stays."""
    load = begin(database, ledger)
    load.start()
    for mood in moods:
        database.mood = mood
        await asyncio.sleep(0.3)
    database.mood = moods[-1]
    history = await load.stop()
    return await load.proof(history.started_at)


async def found(database: Database, *moods: str) -> Findings:
    return (await live(database, *moods)).findings


async def test_a_well_database_keeps_every_promise(database: Database) -> None:
    findings = await found(database, "well")
    assert findings.acked > 15
    assert (findings.lost, findings.duplicated, findings.stale_reads, findings.given_up) == (0, 0, 0, 0)
    assert findings.timelines == (1,)


async def test_a_note_is_tried_until_it_is_acknowledged(database: Database) -> None:
    findings = await found(database, "well", "refusing", "well")
    assert findings.failed_attempts > 5
    assert (findings.lost, findings.given_up) == (0, 0)
    assert 0.25 < findings.rto_s < 0.6


async def test_what_was_told_and_not_kept_is_lost(database: Database) -> None:
    findings = await found(database, "well", "lying", "well")
    assert 10 < findings.lost < findings.acked


async def test_what_was_kept_twice_is_duplicated(database: Database) -> None:
    assert (await found(database, "doubling")).duplicated > 5


async def test_what_nobody_was_told_is_neither_lost_nor_acknowledged(database: Database) -> None:
    findings = await found(database, "well", "silent")
    assert findings.doubtful == findings.given_up > 0
    assert (findings.lost, findings.duplicated) == (0, 0)


async def test_a_read_that_misses_what_was_acknowledged_is_stale(database: Database) -> None:
    assert (await found(database, "well", "forgetful")).stale_reads > 0


async def test_a_database_that_never_comes_back_proves_nothing(database: Database) -> None:
    findings = await found(database, "well", "refusing")
    assert findings.unproved == "ConnectionRefusedError: nobody is served"


async def test_a_later_scene_looks_for_the_earlier_ones_notes_too(database: Database) -> None:
    ledger = Ledger()
    await live(database, "well", ledger=ledger)
    earlier = len(ledger.acks)
    database.writes.clear()
    findings = (await live(database, "well", ledger=ledger)).findings
    assert findings.lost == earlier
    assert findings.acked == len(ledger.acks) - earlier


async def test_promises_given_on_the_other_side_of_a_cut_count(database: Database) -> None:
    load = begin(database)
    load.start()
    await asyncio.sleep(0.2)
    ack = load.acks[0]
    load.include([type(ack)("inside", ack.at + 0.001, ack.at + 0.1, "10.244.1.9", 1)], [])
    history = await load.stop()
    findings = (await load.proof(history.started_at)).findings
    assert findings.lost == 1
    assert findings.split_brains == 1


async def test_the_tables_are_made_for_one_run_and_dropped_after_it(database: Database) -> None:
    cluster = cluster_of_paper(api)
    hospital = cast(Hospital, type("H", (), {"cluster": cluster, "records": database}))
    async with wards(hospital, BRISK) as another:
        assert another() is not another()
    said = [line for machine in cluster.machines.values() for line in machine.said]  # type: ignore[attr-defined]
    statements = [line for line in said if "psql" in line]
    assert "exec --namespace medical-data records-1 --container postgres" in statements[0]
    assert "to medical_app" in statements[0]
    assert statements[-1].endswith(records.CLEAR)


async def test_a_hospital_without_a_database_is_refused() -> None:
    hospital = cast(Hospital, type("H", (), {"cluster": None, "records": None}))
    with pytest.raises(DrillError, match="no database yet"):
        async with wards(hospital, None):
            pass
