"""Entries of charts as FHIR resources: read, read as they were, found. Whoever may read a chart may this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.caller import Caller
from app.domain.notes import DRAFT
from app.domain.pages import cut, decode_cursor, encode_cursor, moment
from app.domain.refusals import NotFound
from app.exchange.bundle import Found
from app.exchange.dates import When
from app.exchange.parts import Resource
from app.exchange.tokens import Token
from app.repositories import chart, exchange
from app.services.chart_door import open_to_read
from app.services.exchange_include import bring
from app.services.exchange_kinds import Exchanged, Source
from app.tables import Encounter


@dataclass(frozen=True)
class Asked:
    """A search in the chart of ``patient``, of an ``encounter`` or of the entry ``identity``; all must hold.

    dates, tokens: by the name of the parameter; all of them hold, and of each sequence of tokens one
    include: which of what entries refer to comes along: ``patient``, ``encounter``
    """

    limit: int
    patient: UUID | None = None
    identity: UUID | None = None
    encounter: UUID | None = None
    dates: Mapping[str, Sequence[When]] = field(default_factory=dict)
    tokens: Mapping[str, Sequence[Sequence[Token]]] = field(default_factory=dict)
    include: frozenset[str] = frozenset()
    cursor: str | None = None


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
            patient = asked.patient or await _whose(session, kind, asked)
            if patient is None:
                return Found([])
            whole = await open_to_read(session, caller, patient, kind=_said(kind))
            rows = [
                (row, source)
                for source in kind.sources
                for row in await chart.page(
                    session, source.table, whole, asked.limit, after, *_conditions(source, asked)
                )
            ]
            rows.sort(key=lambda one: attrgetter("occurred_at", "id")(one[0]), reverse=True)
            shown, more = cut(rows, asked.limit)
            brought = await bring(session, caller, whole, asked.include, [row for row, _ in shown])
        last = shown[-1][0] if more else None
        following = encode_cursor(last.occurred_at.isoformat(), str(last.id)) if last else None
        resources = [source.render(source.of_row(row), whole) for row, source in shown]
        return Found(resources, following, brought)


async def _entry(session: AsyncSession, kind: Exchanged, identity: UUID | None) -> tuple[Source, Any]:
    """The entry of that id, whichever of the kind's tables holds it. Raises NotFound."""
    if identity is not None:
        for source in kind.sources:
            row = await exchange.one(session, source.table, identity, *source.shown)
            if row is not None:
                return source, row
    raise NotFound


async def _whose(session: AsyncSession, kind: Exchanged, asked: Asked) -> UUID | None:
    """The patient of the encounter or the entry that is asked for; None when there is no such thing."""
    if asked.encounter is not None:
        met = await session.get(Encounter, asked.encounter)
        return met.patient_id if met else None
    try:
        return UUID(str((await _entry(session, kind, asked.identity))[1].patient_id))
    except NotFound:
        return None


def _conditions(source: Source, asked: Asked) -> list[ColumnElement[bool]]:
    conditions = [*source.shown]
    for name, dates in asked.dates.items():
        span = source.dates[name]
        ends = span.begins if span.ends is None else span.ends
        conditions += (exchange.within(span.begins, ends, when) for when in dates)
    for name, sought in asked.tokens.items():
        conditions += (or_(*map(source.tokens[name], any_of)) for any_of in sought)
    if asked.identity is not None:
        conditions.append(source.table.id == asked.identity)
    if asked.encounter is not None:
        # A document belongs to no encounter.
        within = getattr(source.table, "encounter_id", None)
        conditions.append(false() if within is None else within == asked.encounter)
    return conditions


def _said(kind: Exchanged) -> str:
    return f"fhir:{kind.name}"
