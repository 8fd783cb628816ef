"""The drills' clerk over a real server: whatever is given up, nothing is left that nobody asks for."""

import asyncio
import gc
from typing import Any
from uuid import uuid4

import pytest

from app.database.connection import DATABASE, WRITER
from app.settings import Settings
from drills.framework.records_client import Clerk, RecordsDoor, trusting
from tests.records.server import Server


def door(settings: Settings) -> RecordsDoor:
    """Where a clerk knocks."""
    tls = trusting(settings.secret_path("authority"), str(settings.records_address))
    password = settings.secret("records-password")
    return RecordsDoor(str(settings.records_address), settings.records_port, DATABASE, WRITER, password, tls)


def test_a_statement_that_is_given_up_at_any_moment_is_not_heard_of_again(
    migrated: Settings, server: Server
) -> None:
    server.sql(DATABASE, f"CREATE TABLE drill_writes (id uuid); GRANT SELECT ON drill_writes TO {WRITER}")

    async def give_up_often() -> list[dict[str, Any]]:
        unheard: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        clerk = Clerk("reader", door(migrated), str)
        for number in range(40):
            assert await clerk.look(str(uuid4()), 10.0) is False
            # Half the time the statement's own end, half the time the whole drill's.
            asked = clerk.rows("SELECT pg_sleep(10)", 0.001 * number if number % 2 else 10.0)
            asking = asyncio.create_task(asked)
            await asyncio.sleep(0.0005 * number)
            if number % 2 == 0:
                asking.cancel()
            with pytest.raises((TimeoutError, asyncio.CancelledError)):
                await asking
        clerk.hang_up()
        await asyncio.sleep(0.05)
        gc.collect()
        await asyncio.sleep(0)
        return unheard

    assert asyncio.run(give_up_often()) == []
