"""What all entries of a chart have in common: pages, versions, changes, inactivation."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.entries import INACTIVATED, EntryForm, PastVersionView
from app.domain.pages import Page, cut, decode_cursor, encode_cursor, moment
from app.domain.refusals import NotFound
from app.domain.writes import Answer, Repetition, Written
from app.repositories import chart, versions
from app.services.chart_door import chart_of, open_to_read, open_to_write
from app.services.closed_charts import refuse_closed
from app.services.entry_kinds import Inactive, Kind, NotTheAuthor, Row, Seen, new
from app.services.once import once


class Entries:
    """Reads and writes entries of any kind."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def page(
        self,
        caller: Caller,
        kind: Kind[Row, Seen],
        patient: UUID,
        limit: int,
        cursor: str | None,
        *conditions: ColumnElement[bool],
    ) -> Page[Seen]:
        """Entries of a chart, what happened last first."""
        require(caller, Action.READ_CHART)
        after = decode_cursor(cursor, moment, UUID)
        async with self.database.transaction() as session:
            whole = await open_to_read(session, caller, patient, kind=kind.table.__tablename__)
            rows, more = cut(await chart.page(session, kind.table, whole, limit, after, *conditions), limit)
        following = encode_cursor(rows[-1].occurred_at.isoformat(), str(rows[-1].id)) if more else None
        return Page(items=[kind.view.model_validate(row) for row in rows], next=following)

    async def read(self, caller: Caller, kind: Kind[Row, Seen], identity: UUID) -> Seen:
        """One entry."""
        require(caller, Action.READ_CHART)
        async with self.database.transaction() as session:
            return kind.view.model_validate(await _visible(session, caller, kind, identity))

    async def versions(self, caller: Caller, kind: Kind[Row, Seen], identity: UUID) -> Page[PastVersionView]:
        """Every version of an entry, the first one first; drafts of others are left out."""
        require(caller, Action.READ_CHART)
        async with self.database.transaction() as session:
            row = await _visible(session, caller, kind, identity)
            past = await chart.past(session, kind.table.__tablename__, identity)
        own = row.recorded_by == caller.account
        shown = [one for one in past if own or one.content["status"] != "rascunho"]
        return Page(items=[PastVersionView.model_validate(one) for one in shown])

    async def add(
        self,
        caller: Caller,
        repetition: Repetition,
        kind: Kind[Row, Seen],
        patient: UUID,
        form: EntryForm,
        *,
        make: Callable[[AsyncSession, UUID], Awaitable[Mapping[str, Any]]],
    ) -> Answer:
        """A new entry; ``make`` gives its own columns, knowing the chart."""
        require(caller, kind.write)

        async def work(session: AsyncSession) -> Written:
            whole = await open_to_write(session, caller, patient, form.encounter_id)
            row = new(kind.table, patient, form, await make(session, whole))
            await versions.add(session, caller, row)
            seen = kind.view.model_validate(row)
            return Written(seen, row.version, Event.RECORD_CREATED, row.id, patient=whole, status=201)

        return await once(self.database, caller, repetition, work)

    async def change(
        self,
        caller: Caller,
        repetition: Repetition,
        kind: Kind[Row, Seen],
        identity: UUID,
        version: int,
        *,
        decide: Callable[[AsyncSession, Row], Awaitable[Mapping[str, Any]]],
        reason: str | None,
        event: Event = Event.RECORD_CHANGED,
    ) -> Answer:
        """The next version of an entry, with the columns that ``decide`` gives."""
        require(caller, kind.write)

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, kind.table, identity, version)
            if not kind.visible(row, caller):
                raise NotFound
            if kind.authors_only and row.recorded_by != caller.account:
                raise NotTheAuthor
            if row.status == INACTIVATED:
                raise Inactive
            whole = await chart_of(session, row.patient_id)
            await refuse_closed(session, caller, whole)
            await versions.change(session, caller, row, await decide(session, row), reason)
            return Written(kind.view.model_validate(row), row.version, event, row.id, patient=whole)

        return await once(self.database, caller, repetition, work)

    async def inactivate(
        self,
        caller: Caller,
        repetition: Repetition,
        kind: Kind[Row, Seen],
        identity: UUID,
        version: int,
        *,
        reason: str,
    ) -> Answer:
        """Entered by mistake: from now on shown struck through, with the reason, for ever."""

        async def decide(_: AsyncSession, __: Row) -> Mapping[str, Any]:
            return {"status": INACTIVATED}

        return await self.change(
            caller,
            repetition,
            kind,
            identity,
            version,
            decide=decide,
            reason=reason,
            event=Event.RECORD_INACTIVATED,
        )


async def _visible(session: AsyncSession, caller: Caller, kind: Kind[Row, Seen], identity: UUID) -> Row:
    row = await session.get(kind.table, identity)
    if row is None or not kind.visible(row, caller):
        raise NotFound
    await open_to_read(session, caller, row.patient_id, subject=identity)
    return row
