"""What a transaction promises when the server is away, slow, or suddenly no primary."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.database.connection import DATABASE
from app.database.engine import Database
from app.domain.refusals import RecordsUnavailable
from app.settings import Settings
from tests.records.server import Server

WRITE = "INSERT INTO idempotency_keys (caller, key, fingerprint) VALUES (gen_random_uuid(), 'k', 'f')"
READ = "SELECT count(*) FROM idempotency_keys"


async def ask(database: Database, statement: str) -> int:
    """The first value of one statement's answer, in a transaction of its own; 0 when it has no rows."""
    async with database.transaction() as session:
        answer: Any = await session.execute(text(statement))
        return int(answer.scalar_one()) if answer.returns_rows else 0


async def fail_after_writing(database: Database) -> None:
    """One write, then a mistake."""
    async with database.transaction() as session:
        await session.execute(text(WRITE))
        raise LookupError


def using(settings: Settings, work: Callable[[Database], Awaitable[None]]) -> None:
    """Give ``work`` a pool that is closed in the end."""

    async def run() -> None:
        database = Database(settings)
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(run())


def test_what_was_committed_stays_and_an_exception_undoes_everything(migrated: Settings) -> None:
    async def work(database: Database) -> None:
        await ask(database, WRITE)
        with pytest.raises(LookupError):
            await fail_after_writing(database)
        assert await ask(database, READ) == 1

    using(migrated, work)


def test_the_pool_survives_a_server_that_came_back(migrated: Settings, server: Server) -> None:
    async def work(database: Database) -> None:
        assert await ask(database, READ) == 0
        server.restart()
        assert await ask(database, READ) == 0

    using(migrated, work)


def test_a_server_that_is_away_is_a_refusal_that_asks_for_another_try(
    migrated: Settings, server: Server
) -> None:
    async def work(database: Database) -> None:
        assert await ask(database, READ) == 0
        server.stop()
        try:
            with pytest.raises(RecordsUnavailable):
                await ask(database, READ)
        finally:
            server.restart()

    using(migrated, work)


def test_a_server_that_became_a_standby_is_a_refusal_too(migrated: Settings, server: Server) -> None:
    async def work(database: Database) -> None:
        server.sql("postgres", f"ALTER DATABASE {DATABASE} SET default_transaction_read_only = on")
        with pytest.raises(RecordsUnavailable):
            await ask(database, WRITE)

    using(migrated, work)


def test_a_mistake_of_ours_is_not_called_passing(migrated: Settings) -> None:
    async def work(database: Database) -> None:
        with pytest.raises(Exception, match="does not exist"):
            await ask(database, "SELECT 1 FROM nowhere")

    using(migrated, work)


@pytest.mark.parametrize("statement", ["SELECT count(pg_sleep(60))", "LOCK TABLE idempotency_keys"])
def test_nobody_waits_longer_than_the_settings_say(
    migrated: Settings, server: Server, statement: str
) -> None:
    hurried = migrated.model_copy(update={"records_patience": 0.5})

    async def work(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute(text("LOCK TABLE idempotency_keys"))
            started = time.monotonic()
            with pytest.raises(RecordsUnavailable):
                await ask(database, statement)
            assert time.monotonic() - started < 3

    using(hurried, work)


def test_requests_beyond_the_pool_wait_and_are_then_refused(migrated: Settings) -> None:
    narrow = migrated.model_copy(update={"records_patience": 1.0, "records_connections": 1})

    async def work(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute(text(READ))
            with pytest.raises(RecordsUnavailable):
                await ask(database, READ)
        assert await ask(database, READ) == 0

    using(narrow, work)
