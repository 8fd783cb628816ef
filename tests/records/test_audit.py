"""The audit grows only, and whoever changes it all the same, by whatever right, is found."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest

from app.audit_command import run
from app.database.connection import DATABASE, OWNER, READER, WRITER, connect
from app.database.engine import Database
from app.domain.caller import Caller, Role
from app.repositories import audit as rows
from app.services.audit import Event, audit, audit_apart
from app.services.audit_seal import Sealer, seal
from app.settings import Settings
from tests.records.server import Server

CALLER = Caller(uuid4(), uuid4(), frozenset({Role.NURSE}), IPv4Address("10.0.0.7"))
AS_SUPERUSER = "SET session_replication_role = replica"
"""Turns triggers and foreign keys off, which nobody but the superuser may."""
REFUSED = (asyncpg.InsufficientPrivilegeError, asyncpg.RestrictViolationError)


def using(settings: Settings, work: Callable[[Database], Awaitable[None]]) -> None:
    """Give ``work`` a pool that is closed in the end."""

    async def whole() -> None:
        database = Database(settings)
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(whole())


async def write(database: Database, count: int) -> None:
    """That many rows, sealed."""
    for number in range(count):
        await audit_apart(
            database, CALLER, Event.RECORD_VIEWED, subject=uuid4(), patient=uuid4(), detail={"n": number}
        )
    await seal(database)


@pytest.fixture
def audited(migrated: Settings) -> Settings:
    """A service with an audit of ten rows."""
    using(migrated, lambda database: write(database, 10))
    return migrated


def verdict(settings: Settings, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    """What the command says."""
    status = run(settings, ["verify", *more])
    return status, capsys.readouterr().out


@pytest.mark.sbis("NGS1.07.01", "an audited fact and its row stand or fall together")
def test_a_row_stands_if_and_only_if_what_it_tells_of_does(migrated: Settings, server: Server) -> None:
    async def refused(database: Database) -> None:
        async with database.transaction() as session:
            await audit(session, CALLER, Event.RECORD_CREATED, subject=uuid4())
            raise LookupError

    async def work(database: Database) -> None:
        with pytest.raises(LookupError):
            await refused(database)
        await write(database, 1)

    using(migrated, work)
    assert server.sql(DATABASE, "SELECT event, account, address FROM audit") == (
        f"registro.visto|{CALLER.account}|10.0.0.7"
    )


@pytest.mark.sbis("NGS1.07.02", "nobody changes or removes a row of the audit, the service itself included")
@pytest.mark.parametrize("user", [WRITER, OWNER])
@pytest.mark.parametrize("table", ["audit", "audit_chain"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET entry = DEFAULT", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_nobody_changes_the_audit(audited: Settings, user: str, table: str, statement: str) -> None:
    async def attempt() -> None:
        connection = await connect(audited, user, purpose="test", patience=5)
        try:
            with pytest.raises(REFUSED):
                await connection.execute(statement.format(table))
        finally:
            await connection.close()

    asyncio.run(attempt())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_chain (position, entry, hash) SELECT 11, entry, hash FROM audit_chain LIMIT 1",
        "DELETE FROM audit_pending",
        "INSERT INTO audit_pending (entry) VALUES (1)",
    ],
)
def test_the_service_writes_no_link_itself(audited: Settings, statement: str) -> None:
    async def attempt() -> None:
        connection = await connect(audited, WRITER, purpose="test", patience=5)
        try:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(attempt())


def test_reports_do_not_see_the_audit(server: Server, audited: Settings) -> None:
    del audited
    for table in ("audit", "audit_chain", "audit_pending"):
        assert server.sql(DATABASE, f"SELECT has_table_privilege('{READER}', '{table}', 'SELECT')") == "f"


@pytest.mark.sbis("NGS1.09.01", "the time of a row is the server's, whoever tells another")
def test_the_database_says_what_time_it_is(migrated: Settings, server: Server) -> None:
    async def work(_: Database) -> None:
        connection = await connect(migrated, WRITER, purpose="test", patience=5)
        await connection.execute(
            "INSERT INTO audit (at, event, detail) VALUES ('2001-01-01', 'acesso.saida', '{}')"
        )
        await connection.close()

    using(migrated, work)
    assert server.sql(DATABASE, "SELECT at > now() - interval '1 minute' FROM audit") == "t"


def test_an_untouched_audit_holds(audited: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = verdict(audited, capsys)
    assert (status, said) == (0, "audit: 10 links hold, 0 anchors agree\n")


TAMPERINGS = {
    "changed": ("UPDATE audit SET event = 'acesso.saida' WHERE entry = 4", "link 4 (row 4)"),
    "changed in its detail": ("""UPDATE audit SET detail = '{"n": 9}' WHERE entry = 4""", "link 4 (row 4)"),
    "given to another": ("UPDATE audit SET account = gen_random_uuid() WHERE entry = 9", "link 9 (row 9)"),
    "dated back": ("UPDATE audit SET at = at - interval '1 microsecond' WHERE entry = 1", "link 1 (row 1)"),
    "removed": ("DELETE FROM audit WHERE entry = 6", "link 6"),
    "removed with its link": (
        "DELETE FROM audit WHERE entry = 6; DELETE FROM audit_chain WHERE entry = 6",
        "link 6",
    ),
    "exchanged": (
        "UPDATE audit_chain SET entry = CASE entry WHEN 3 THEN -5 ELSE -3 END WHERE entry IN (3, 5);"
        " UPDATE audit_chain SET entry = -entry WHERE entry < 0",
        "link 3",
    ),
    "first removed": (
        "DELETE FROM audit WHERE entry = 1; DELETE FROM audit_chain WHERE entry = 1;"
        " UPDATE audit_chain SET position = position - 1",
        "link 1",
    ),
    "inserted": (
        "INSERT INTO audit (event, detail, at) VALUES ('acesso.saida', '{}', now() - interval '1 hour');"
        " DELETE FROM audit_pending",
        "link 11 (row 11)",
    ),
}


@pytest.mark.sbis("NGS1.07.02", "whoever tampers with the audit is found, and the first row is named")
@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_whoever_owns_the_server_is_found_out(
    audited: Settings, server: Server, capsys: pytest.CaptureFixture[str], tampering: str
) -> None:
    statement, place = TAMPERINGS[tampering]
    server.sql(DATABASE, AS_SUPERUSER, *statement.split(";"))
    status, said = verdict(audited, capsys)
    assert status == 1
    assert said.startswith(f"audit: TAMPERED at {place}")


def anchored(settings: Settings, folder: Path, caplog: pytest.LogCaptureFixture) -> str:
    """A file with the log line that a sealing left."""

    async def work(database: Database) -> None:
        await Sealer(database).once(database)

    with caplog.at_level("INFO", logger="app.services.audit_seal"):
        using(settings, work)
    record: Any = caplog.records[-1]
    line = {"event": record.getMessage(), "position": record.position, "hash": record.hash}
    file = folder / "services.log"
    file.write_text('Nov 21 10:00:00 mac-a {"event": "request"}\n' + json.dumps(line) + "\n")
    return str(file)


def test_a_tail_that_was_cut_off_is_found_by_its_anchor(
    audited: Settings,
    server: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = anchored(audited, tmp_path, caplog)
    assert verdict(audited, capsys, "--anchors", file)[0] == 0
    server.sql(
        DATABASE,
        AS_SUPERUSER,
        "DELETE FROM audit_chain WHERE position > 8",
        "DELETE FROM audit WHERE entry > 8",
        "TRUNCATE audit_pending",
    )
    status, said = verdict(audited, capsys, "--anchors", file)
    assert status == 1
    assert said.startswith("audit: TAMPERED at link 9: the chain ends at 8, and once reached 10")


def test_a_chain_that_was_computed_anew_is_found_by_its_anchor(
    audited: Settings,
    server: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = anchored(audited, tmp_path, caplog)
    server.sql(
        DATABASE,
        AS_SUPERUSER,
        "UPDATE audit SET account = NULL WHERE entry = 2",
        "DELETE FROM audit_chain",
        "INSERT INTO audit_pending SELECT entry FROM audit",
        "SELECT seal_audit(100)",
    )
    assert verdict(audited, capsys)[0] == 0
    status, said = verdict(audited, capsys, "--anchors", file)
    assert status == 1
    assert "its anchor says otherwise" in said


@pytest.mark.parametrize("tampered", [False, True])
def test_the_verification_is_audited_itself(
    audited: Settings, server: Server, capsys: pytest.CaptureFixture[str], tampered: bool
) -> None:
    if tampered:
        server.sql(DATABASE, AS_SUPERUSER, "DELETE FROM audit WHERE entry = 6")
    verdict(audited, capsys)
    seen = server.sql(DATABASE, "SELECT event, detail FROM audit ORDER BY entry DESC LIMIT 1")
    assert seen.startswith("auditoria.verificada|")
    assert json.loads(seen.split("|")[1])["integra"] is not tampered


def test_many_writers_and_sealers_make_one_chain(
    migrated: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work(database: Database) -> None:
        async def one() -> None:
            for _ in range(10):
                await write(database, 1)

        await asyncio.gather(*(one() for _ in range(4)))
        await seal(database)
        async with database.transaction() as session:
            assert await rows.pending(session) == 0

    using(migrated, work)
    assert verdict(migrated, capsys) == (0, "audit: 40 links hold, 0 anchors agree\n")


@pytest.mark.sbis("NGS1.07.06", "a detail of the audit holds no name, person's number or sentence")
@pytest.mark.parametrize("value", ["Ana da Silva", "52998224725", 52998224725, "700000000000005", "a|b", ""])
def test_a_detail_that_could_name_a_person_is_a_mistake_of_the_program(
    migrated: Settings, value: str | int
) -> None:
    async def work(database: Database) -> None:
        with pytest.raises(ValueError, match="opaque"):
            await audit_apart(database, CALLER, Event.LOGIN, detail={"quem": value})

    using(migrated, work)
