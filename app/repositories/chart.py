"""Entries of a chart: those of every identity that belongs to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Cast, ColumnElement, Row, Uuid, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import Encounter, Entry, PastVersion, Patient

Kept = TypeVar("Kept", bound=Entry)


def members(chart: UUID) -> Cast[Sequence[UUID]]:
    """The identities of a chart, as one array: asked once, whatever it is compared with."""
    found = select(func.array_agg(Patient.id)).where(Patient.chart_id == chart).scalar_subquery()
    # Without the cast, ANY would compare with the rows of the subquery, not with the array in its row.
    return cast(found, ARRAY(Uuid()))


def of_chart(table: type[Kept], chart: UUID) -> ColumnElement[bool]:
    """Whether an entry belongs to the chart."""
    return table.patient_id == func.any(members(chart))


async def whose(
    session: AsyncSession, patient: UUID, encounter: UUID | None
) -> Row[tuple[UUID, UUID | None, UUID | None]] | None:
    """Chart of an identity, what it was merged into, and the chart of ``encounter``; None for nobody."""
    of_encounter = (
        select(Patient.chart_id)
        .join(Encounter, Encounter.patient_id == Patient.id)
        .where(Encounter.id == encounter, Encounter.status != "inativado")
        .scalar_subquery()
    )
    asked = of_encounter if encounter is not None else literal(None)
    found = select(Patient.chart_id, Patient.merged_into, asked).where(Patient.id == patient)
    return (await session.execute(found)).first()


async def hold(session: AsyncSession, chart: UUID) -> None:
    """Nobody else changes what depends on the whole chart until the transaction ends."""
    mine = select(Patient.id).where(Patient.chart_id == chart).order_by(Patient.id)
    await session.execute(mine.with_for_update(key_share=True))


async def page(
    session: AsyncSession,
    table: type[Kept],
    chart: UUID,
    limit: int,
    after: tuple[datetime, UUID] | None,
    *conditions: ColumnElement[bool],
) -> Sequence[Kept]:
    """A page of entries and one more, what happened last first."""
    found = select(table).where(of_chart(table, chart), *conditions)
    if after is not None:
        position = tuple_(table.occurred_at, table.id)
        found = found.where(position < tuple_(literal(after[0]), literal(after[1])))
    found = found.order_by(table.occurred_at.desc(), table.id.desc()).limit(limit + 1)
    return (await session.scalars(found)).all()


async def past(session: AsyncSession, table: str, identity: UUID) -> Sequence[PastVersion]:
    """Every version of a row, the first one first."""
    found = select(PastVersion).where(PastVersion.kind == table, PastVersion.id == identity)
    return (await session.scalars(found.order_by(PastVersion.version))).all()
