"""Writes invented patients into the records' own tables, in bulk, and goes on where it was interrupted."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.audit_events import Event
from app.seed.records import PatientRecord
from app.seed.row_columns import COLUMNS
from app.seed.rows import as_tuple, rows
from app.seed.stream import patients
from app.services.audit import audit
from app.services.terminology_save import copy, keep_edition
from app.tables import Patient, TerminologyEdition
from app.terminology.catalogue import SYSTEMS
from app.terminology.load import SEED_VERSION, load_seed

BATCH = 500
"""Patients in one transaction: what an interruption may cost, and what memory holds."""

Progress = Callable[[int], None]
"""Told how many patients are there after each batch."""


async def seed(database: Database, count: int, number: int, progress: Progress) -> int:
    """Patients 0 to ``count - 1`` of seed ``number``, whole or not at all in each batch; how many were new.

    Whoever is there already stays as they are. Entry times are those of the loading: nobody may invent when
    something was entered, not even here.
    """
    async with database.transaction() as session:
        await _terminologies(session)
    stream = enumerate(patients(count, seed=number))
    made = done = 0
    while batch := list(islice(stream, BATCH)):
        async with database.transaction() as session:
            known = await _known(session, [record.patient.id for _, record in batch])
            new = [(index, record) for index, record in batch if record.patient.id not in known]
            await _write(session, new)
        made, done = made + len(new), done + len(batch)
        progress(done)
    return made


async def _terminologies(session: AsyncSession) -> None:
    """The few codes that invented patients use, unless they are loaded."""
    there = set(
        await session.scalars(
            select(TerminologyEdition.terminology).where(TerminologyEdition.edition == SEED_VERSION)
        )
    )
    for name in SYSTEMS:
        if name not in there:
            loaded = load_seed(name)
            await keep_edition(session, loaded.edition, loaded.concepts)


async def _known(session: AsyncSession, identities: list[UUID]) -> set[UUID]:
    return set(await session.scalars(select(Patient.id).where(Patient.id.in_(identities))))


async def _write(session: AsyncSession, records: Iterable[tuple[int, PatientRecord]]) -> None:
    tables: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for index, record in records:
        for table, columns in rows(record, index):
            tables[table].append(as_tuple(table, _plain(columns)))
    if not tables:
        return
    for table, names in COLUMNS.items():
        await copy(session, table, names, tables[table])
    await audit(session, None, Event.RECORD_IMPORTED, detail={"patients": len(tables["patients"])})


def _plain(columns: Any) -> dict[str, Any]:
    """Documents as COPY's binary form takes them."""
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        for name, value in columns.items()
    }
