"""The tables are brought to a release in whole steps, whoever interrupts or repeats it."""

import asyncio
import importlib
import io
import re
import threading
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.database.connection import DATABASE, OWNER, READER, WRITER, connect
from app.database.migrate import configuration, migrate
from app.settings import Settings
from app.tables import Base
from components import record_access
from components.database_endpoints import DATABASE as DEPLOYED
from tests.records.server import Server

BREAKING = re.compile(r"\b(DROP\s+(TABLE|COLUMN|VIEW)|RENAME\s|ALTER\s+COLUMN|SET\s+NOT\s+NULL)\b", re.I)
SCRIPTS = ScriptDirectory.from_config(configuration())
STEPS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


def tables(server: Server) -> set[str]:
    """The names of all tables."""
    return set(server.sql(DATABASE, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split())


def differences(settings: Settings) -> list[Any]:
    """What the tables as SQLAlchemy sees them and as they are do not share."""

    def compare(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    async def run() -> list[Any]:
        async def new_connection() -> Any:
            return await connect(settings, OWNER, purpose="test", patience=5)

        engine = create_async_engine("postgresql+asyncpg://", async_creator=new_connection)
        async with engine.connect() as connection:
            return await connection.run_sync(compare)

    return asyncio.run(run())


def test_the_names_are_those_the_database_was_deployed_with() -> None:
    assert (DATABASE, OWNER, WRITER, READER) == (
        DEPLOYED,
        record_access.OWNER,
        record_access.WRITER,
        record_access.READER,
    )


def test_migrated_tables_are_what_the_service_thinks_they_are(migrated: Settings) -> None:
    # Indexes, constraints, grants and triggers stand in the migrations alone.
    alone = {"remove_index", "remove_fk", "remove_constraint"}
    assert [one for one in differences(migrated) if one[0] not in alone] == []


def test_migrating_again_changes_nothing(migrated: Settings, server: Server) -> None:
    before = tables(server)
    migrate(migrated)
    assert tables(server) == before


def test_two_that_migrate_at_the_same_time_wait_for_each_other(empty: Settings, server: Server) -> None:
    failures: list[BaseException] = []

    def one() -> None:
        try:
            migrate(empty)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert differences(empty) is not None
    assert server.sql(DATABASE, "SELECT version_num FROM alembic_version") == STEPS[-1]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_cut_off_leaves_nothing_and_is_done_by_the_next_run(
    empty: Settings, server: Server, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = SCRIPTS.get_revision(step).module
    whole = module.upgrade

    def cut() -> None:
        whole()
        server.sql(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'migrate %'",
        )

    position = STEPS.index(step)
    if position:
        migrate(empty, STEPS[position - 1])
    before = tables(server)
    with monkeypatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", lambda _: SCRIPTS)
        patch.setattr(module, "upgrade", cut)
        with pytest.raises(Exception, match=r"closed|terminat"):
            migrate(empty, step)
    assert tables(server) - {"alembic_version"} == before - {"alembic_version"}
    migrate(empty)
    assert server.sql(DATABASE, "SELECT version_num FROM alembic_version") == STEPS[-1]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_the_release_before_could_not_live_with_says_contract(step: str) -> None:
    module = SCRIPTS.get_revision(step).module
    assert module.phase in {"expand", "contract"}
    text = re.sub(r"--[^\n]*", "", Path(str(module.__file__)).read_text())
    if module.phase == "expand":
        assert not BREAKING.search(text)


def test_people_can_read_what_would_be_done() -> None:
    written = io.StringIO()
    settings = configuration()
    settings.output_buffer = written
    command.upgrade(settings, "head", sql=True)
    assert written.getvalue().count("BEGIN;") == len(STEPS)


def test_the_service_itself_changes_no_table(migrated: Settings) -> None:
    async def attempt() -> None:
        connection = await connect(migrated, WRITER, purpose="test", patience=5)
        try:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("ALTER TABLE history ADD COLUMN other text")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("CREATE TABLE other (id int)")
        finally:
            await connection.close()

    asyncio.run(attempt())


def test_a_missing_password_is_told_by_its_name(migrated: Settings) -> None:
    migrated.secret_path("records-owner-password").unlink()
    with pytest.raises(FileNotFoundError, match="records-owner-password"):
        migrate(migrated)


def test_every_step_is_a_module_that_a_release_carries() -> None:
    folder = Path(importlib.import_module("app.database").__path__[0]) / "migrations/versions"
    assert len(list(folder.glob("[0-9]*.py"))) == len(STEPS)
