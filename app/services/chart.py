"""What all entries of a chart have in common: pages, versions, changes, inactivation."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.entries import INACTIVATED, EntryForm, EntryView, PastVersionView
from app.domain.pages import Page, cut, decode_cursor, encode_cursor
from app.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from app.domain.writes import Answer, Repetition, Written
from app.repositories import chart, versions
from app.services.audit import audit
from app.services.closed_charts import refuse_closed
from app.services.once import once
from app.services.patients import Merged
from app.tables import Entry

Row = TypeVar("Row", bound=Entry)
Seen = TypeVar("Seen", bound=EntryView)


class NotTheAuthor(Forbidden):
    """What one person wrote, another may not change."""

    kind = "somente-o-autor"
    title = "Somente o autor pode alterar"
    detail = "Somente quem escreveu este registro pode corrigi-lo ou inativá-lo."


class Inactive(Conflict):
    """The entry was inactivated, and stays as it is."""

    kind = "registro-inativado"
    title = "Registro inativado"
    detail = "Este registro foi inativado e não pode mais ser alterado."


def anybody(_: Entry, __: Caller) -> bool:
    """Whoever may read the chart sees the entry."""
    return True


@dataclass(frozen=True)
class Kind(Generic[Row, Seen]):
    """One kind of entry. ``authors_only``: nobody else changes it. ``visible``: who sees a certain one."""

    table: type[Row]
    view: type[Seen]
    write: Action
    authors_only: bool = False
    visible: Callable[[Row, Caller], bool] = anybody


async def open_chart(session: AsyncSession, patient: UUID, encounter: UUID | None = None) -> UUID:
    """The chart that identity belongs to, to be read.

    Raises NotFound; Invalid when ``encounter`` is not one of that chart.
    """
    found = await chart.whose(session, patient, encounter)
    if found is None:
        raise NotFound("Não há paciente com este identificador.")
    identity, _, of_encounter = found._tuple()
    if encounter is not None and of_encounter != identity:
        raise Invalid("O atendimento informado não é deste paciente.")
    return identity


async def open_to_write(session: AsyncSession, patient: UUID, encounter: UUID | None = None) -> UUID:
    """Like ``open_chart``, to add to. Raises Merged for an identity whose chart is another's now."""
    identity = await open_chart(session, patient, encounter)
    if identity != patient:
        raise Merged(prontuario=str(identity))
    return identity


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
        after = _position(cursor)
        async with self.database.transaction() as session:
            whole = await open_chart(session, patient)
            await refuse_closed(session, caller, whole)
            rows, more = cut(await chart.page(session, kind.table, whole, limit, after, *conditions), limit)
            detail = {"kind": kind.table.__tablename__}
            await audit(session, caller, Event.RECORD_VIEWED, patient=whole, detail=detail)
        following = encode_cursor(rows[-1].occurred_at.isoformat(), str(rows[-1].id)) if more else None
        return Page(items=[kind.view.model_validate(row) for row in rows], next=following)

    async def read(self, caller: Caller, kind: Kind[Row, Seen], identity: UUID) -> Seen:
        """One entry."""
        require(caller, Action.READ_CHART)
        async with self.database.transaction() as session:
            row = await self._visible(session, caller, kind, identity)
            await audit(session, caller, Event.RECORD_VIEWED, subject=identity, patient=row.patient_id)
            return kind.view.model_validate(row)

    async def versions(self, caller: Caller, kind: Kind[Row, Seen], identity: UUID) -> Page[PastVersionView]:
        """Every version of an entry, the first one first; drafts of others are left out."""
        require(caller, Action.READ_CHART)
        async with self.database.transaction() as session:
            row = await self._visible(session, caller, kind, identity)
            past = await chart.past(session, kind.table.__tablename__, identity)
            await audit(session, caller, Event.RECORD_VIEWED, subject=identity, patient=row.patient_id)
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
            whole = await open_to_write(session, patient, form.encounter_id)
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
            await versions.change(session, caller, row, await decide(session, row), reason)
            return Written(kind.view.model_validate(row), row.version, event, row.id, patient=row.patient_id)

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

    async def _visible(
        self, session: AsyncSession, caller: Caller, kind: Kind[Row, Seen], identity: UUID
    ) -> Row:
        row = await session.get(kind.table, identity)
        if row is None or not kind.visible(row, caller):
            raise NotFound
        await refuse_closed(session, caller, await open_chart(session, row.patient_id))
        return row


def new(table: type[Row], patient: UUID, form: EntryForm, columns: Mapping[str, Any]) -> Row:
    """A row of that form; what happened without a time, happened now."""
    return table(
        id=uuid4(),
        patient_id=patient,
        encounter_id=form.encounter_id,
        occurred_at=form.occurred_at or datetime.now(UTC),
        **columns,
    )


def _position(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    when, identity = decode_cursor(cursor, 2)
    try:
        moment = datetime.fromisoformat(when)
        if moment.tzinfo is None or not 1900 <= moment.year <= 2200:
            raise ValueError
        return moment, UUID(identity)
    except ValueError:
        raise Invalid("A marca de página não é válida. Refaça a consulta desde o início.") from None
