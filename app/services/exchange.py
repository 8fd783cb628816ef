"""Entries of charts as FHIR resources: read, read as they were, found. Whoever may read a chart may this."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.caller import Caller
from app.domain.notes import DRAFT
from app.domain.pages import cut, decode_cursor, encode_cursor, moment
from app.domain.refusals import NotFound
from app.exchange.dates import When
from app.exchange.parts import Resource
from app.repositories import chart, exchange
from app.services.chart_door import open_to_read
from app.services.exchange_kinds import Exchanged, Source


@dataclass(frozen=True)
class Asked:
    """A search: in the chart of ``patient``, for one ``identity``, or for one in that chart."""

    limit: int
    patient: UUID | None = None
    identity: UUID | None = None
    when: Sequence[When] = field(default_factory=tuple)
    category: str | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Found:
    """A page of resources, and where the next one begins."""

    resources: Sequence[Resource]
    following: str | None = None


class Exchange:
    """Entries of every kind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, caller: Caller, kind: Exchanged, identity: UUID) -> Resource:
        """One entry as it is now."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            source, row = await _entry(session, kind, identity)
            whole = await open_to_read(session, caller, row.patient_id, subject=identity, kind=_said(kind))
            return source.render(source.of_row(row), whole)

    async def version(self, caller: Caller, kind: Exchanged, identity: UUID, version: int) -> Resource:
        """One entry as it was. What was a draft then is nobody's."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            source, row = await _entry(session, kind, identity)
            whole = await open_to_read(session, caller, row.patient_id, subject=identity, kind=_said(kind))
            past = await exchange.past(session, [source.name], identity, version)
            if not past or past[0].content.get("status") == DRAFT:
                raise NotFound
            return source.render(source.of_version(past[0].content), whole)

    async def search(self, caller: Caller, kind: Exchanged, asked: Asked) -> Found:
        """Entries of one chart, what happened last first; by ``identity`` alone, that one entry or none."""
        require(caller, Action.READ_CHART)
        after = decode_cursor(asked.cursor, moment, UUID)
        async with self._database.transaction() as session:
            patient = asked.patient
            if patient is None:
                try:
                    patient = (await _entry(session, kind, asked.identity))[1].patient_id
                except NotFound:
                    return Found([])
            whole = await open_to_read(session, caller, patient, kind=_said(kind))
            rows = [
                (row, source)
                for source in kind.sources
                for row in await chart.page(
                    session, source.table, whole, asked.limit, after, *_conditions(source, kind, asked)
                )
            ]
        rows.sort(key=lambda one: attrgetter("occurred_at", "id")(one[0]), reverse=True)
        shown, more = cut(rows, asked.limit)
        last = shown[-1][0] if more else None
        following = encode_cursor(last.occurred_at.isoformat(), str(last.id)) if last else None
        return Found([source.render(source.of_row(row), whole) for row, source in shown], following)


async def _entry(session: AsyncSession, kind: Exchanged, identity: UUID | None) -> tuple[Source, Any]:
    """The entry of that id, whichever of the kind's tables holds it. Raises NotFound."""
    if identity is not None:
        for source in kind.sources:
            row = await exchange.one(session, source.table, identity, *source.shown)
            if row is not None:
                return source, row
    raise NotFound


def _conditions(source: Source, kind: Exchanged, asked: Asked) -> list[ColumnElement[bool]]:
    ends = source.begins if source.ends is None else source.ends
    conditions = [*source.shown, *(exchange.within(source.begins, ends, when) for when in asked.when)]
    if asked.identity is not None:
        conditions.append(source.table.id == asked.identity)
    if asked.category is not None:
        conditions.append(kind.categories[asked.category])
    return conditions


def _said(kind: Exchanged) -> str:
    return f"fhir:{kind.name}"
