"""A connection to the records that is lost, at whatever moment, asks for another try and is no mistake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text

from app.database import engine
from app.database.connection import WRITER, connect
from app.database.engine import Database, is_passing
from app.domain.refusals import RecordsUnavailable
from app.settings import Settings
from tests.records.test_transactions import READ, WRITE
from tests.records.wire import Ending, Wire, wire_to

_KILL = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE usename = current_user AND pid <> pg_backend_pid()
"""
_LONG = "SELECT repeat('x', 1000) FROM generate_series(1, 200)"


@asynccontextmanager
async def killer(settings: Settings) -> AsyncIterator[Any]:
    """A connection of its own, which ends all others of the service's by ``await one.fetchval(_KILL)``."""
    one = await connect(settings, WRITER, purpose="killer", patience=None)
    try:
        yield one
    finally:
        one.terminate()


@asynccontextmanager
async def breakable(settings: Settings) -> AsyncIterator[tuple[Wire, Settings]]:
    """A wire to the database, and the settings of a service that is connected by it."""
    async with killer(settings) as one:

        async def kill() -> None:
            await one.fetchval(_KILL)

        async with wire_to(settings.records_port, kill) as wire:
            yield wire, settings.model_copy(update={"records_port": wire.port})


async def work(database: Database) -> None:
    """A transaction of every kind of step: write, savepoint, long answer, a pause, the commit."""
    async with database.transaction() as session:
        await session.execute(text(WRITE))
        async with session.begin_nested():
            await session.execute(text(READ))
        assert len((await session.execute(text(_LONG))).all()) == 200
        await asyncio.sleep(0.01)


async def refused(wire: Wire, database: Database) -> bool:
    """Whether the work was refused; that it was done is right too where the connection ended after it."""
    try:
        await work(database)
    except RecordsUnavailable:
        return True
    finally:
        wire.spare()
    return False


@pytest.mark.parametrize("ending", Ending, ids=[one.name.lower() for one in Ending])
def test_a_connection_that_ends_at_any_moment_asks_for_another_try(
    migrated: Settings, ending: Ending
) -> None:
    async def every_moment() -> list[bool]:
        outcomes: list[bool] = []
        async with breakable(migrated) as (wire, settings):
            while True:
                # A new service each time: the first connection of one is set up by more questions.
                database = Database(settings)
                try:
                    wire.strike(ending, after=len(outcomes))
                    outcome = await refused(wire, database)
                    if not wire.struck:
                        return outcomes
                    outcomes.append(outcome)
                    await work(database)
                finally:
                    await database.close()

    outcomes = asyncio.run(every_moment())
    assert len(outcomes) > 20
    assert sum(outcomes) > len(outcomes) - 5


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 50])
def test_a_server_process_that_dies_between_two_statements_asks_for_another_try(
    migrated: Settings, turns: int
) -> None:
    async def killed_while_nothing_was_asked() -> None:
        database = Database(migrated)
        async with killer(migrated) as one:

            async def read_twice() -> None:
                async with database.transaction() as session:
                    await session.execute(text(READ))
                    assert await one.fetchval(_KILL) == 1
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    await session.execute(text(READ))

            with pytest.raises(RecordsUnavailable):
                await read_twice()
        await work(database)
        await database.close()

    asyncio.run(killed_while_nothing_was_asked())


def test_a_server_process_that_dies_before_its_connection_is_set_up_asks_for_another_try(
    migrated: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed_at_once() -> None:
        async with killer(migrated) as one:

            async def connect_and_lose(*words: Any, **options: Any) -> Any:
                made = await connect(*words, **options)
                await one.fetchval(_KILL)
                while not made.is_closed():
                    await asyncio.sleep(0.01)
                return made

            monkeypatch.setattr(engine, "connect", connect_and_lose)
            database = Database(migrated)
            with pytest.raises(RecordsUnavailable):
                await work(database)
            await database.close()

    asyncio.run(killed_at_once())


@pytest.mark.parametrize(
    "mistake",
    [
        asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
        asyncpg.DataError("invalid input for query argument $1: 'x'"),
        asyncpg.InternalClientError("unexpected error while performing authentication: no password"),
        asyncpg.OutdatedSchemaCacheError("cached statement plan is invalid"),
    ],
    ids=lambda mistake: type(mistake).__name__,
)
def test_what_asyncpg_says_of_our_own_mistakes_is_not_called_passing(mistake: Exception) -> None:
    assert not is_passing(mistake)
