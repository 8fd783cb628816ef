"""Brings the records' tables to this release: ``python -m app migrate``, before the release is rolled out.

Runs as the tables' owner. Each step is one transaction and steps of two callers wait for each other, so an
interrupted run is finished by running it again. What a step may do: docs/decisions/0030-migrations.md.
"""

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.database.connection import OWNER, connect
from app.settings import Settings

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x50524F4E  # "PRON": any number that nobody else uses for an advisory lock
LATEST = "head"


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration; there is no alembic.ini, so a release needs no file beside its modules."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def migrate(settings: Settings, revision: str = LATEST) -> None:
    """Apply every step up to ``revision`` that the database lacks. Raises what the driver raises."""
    asyncio.run(_migrate(settings, revision))


async def _migrate(settings: Settings, revision: str) -> None:
    async def new_connection() -> Any:
        return await connect(settings, OWNER, purpose="migrate", patience=None)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=new_connection, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade, revision)
    finally:
        await engine.dispose()


def upgrade(connection: Connection, revision: str = LATEST) -> None:
    """The steps, over a connection of the owner's that is in no transaction."""
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
    # A table that clinicians are using is not waited for with everybody queueing behind.
    connection.execute(text("SET lock_timeout = '3s'"))
    connection.commit()
    try:
        command.upgrade(configuration(connection), revision)
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
        connection.commit()
