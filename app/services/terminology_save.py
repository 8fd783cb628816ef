"""Keeps a loaded edition in the records' database, whole or not at all."""

import asyncio
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.audit_events import Event
from app.services.audit import Opaque, audit
from app.settings import Settings
from app.tables import TerminologyConcept, TerminologyEdition
from app.terminology.model import Concept, Edition, Save

_COLUMNS = ("terminology", "edition", "code", "term", "active", "sex", "provenance")


def save_to_records(settings: Settings) -> Save:
    """A ``Save`` for commands: one transaction for each edition."""

    def save(edition: Edition, concepts: Iterable[Concept]) -> int:
        return asyncio.run(_save(settings, edition, concepts))

    return save


async def keep_edition(session: AsyncSession, edition: Edition, concepts: Iterable[Concept]) -> int:
    """Replace that edition, if it was loaded before; how many concepts it now holds.

    Entries carry their own copy of term and version, so nothing of a chart changes.
    """
    name = {"terminology": edition.name, "edition": edition.version}
    described = {
        "system": edition.system,
        "source": edition.source,
        "licence": edition.licence,
        "whole": edition.whole,
    }
    known = insert(TerminologyEdition).values(**name, **described)
    await session.execute(
        known.on_conflict_do_update(index_elements=["terminology", "edition"], set_=described)
    )
    await session.execute(delete(TerminologyConcept).filter_by(**name))
    rows = [
        (edition.name, edition.version, one.code, one.term, one.active, one.sex, one.provenance)
        for one in concepts
    ]
    await copy(session, TerminologyConcept.__tablename__, _COLUMNS, rows)
    detail: dict[str, Opaque | list[Opaque]] = {
        "terminology": edition.name,
        "edition": edition.version,
        "concepts": len(rows),
    }
    await audit(session, None, Event.TERMINOLOGY_LOADED, detail=detail)
    return len(rows)


async def copy(
    session: AsyncSession, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Rows in bulk, by PostgreSQL's COPY, within the session's transaction."""
    connection = await (await session.connection()).get_raw_connection()
    driver: Any = connection.driver_connection
    await driver.copy_records_to_table(table, records=rows, columns=columns)


async def _save(settings: Settings, edition: Edition, concepts: Iterable[Concept]) -> int:
    # A whole CID-10 takes longer than a clinician would wait.
    database = Database(settings.model_copy(update={"records_patience": 300.0}))
    try:
        async with database.transaction() as session:
            return await keep_edition(session, edition, concepts)
    finally:
        await database.close()
