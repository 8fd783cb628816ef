"""What a patient summary is made of: what is active in a chart, and what was measured last."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.allergies import STANDING
from app.domain.entries import INACTIVATED
from app.domain.medications import MedicationStatus
from app.domain.observations import Category
from app.domain.problems import ACTIVE
from app.repositories.chart import of_chart
from app.tables import AllergyDenial, Entry, Medication, Observation, Problem

Kept = TypeVar("Kept", bound=Entry)
_MOST = 200
"""Of each kind: a summary with more lines is none."""


async def problems(session: AsyncSession, chart: UUID) -> Sequence[Problem]:
    """Active ones, the latest first."""
    return await _latest(session, Problem, chart, Problem.status == ACTIVE)


async def medications(session: AsyncSession, chart: UUID) -> Sequence[Medication]:
    """Those to be given, and those that are suspended, the latest first."""
    given = (MedicationStatus.ACTIVE, MedicationStatus.SUSPENDED)
    return await _latest(session, Medication, chart, Medication.status.in_(given))


async def denial(session: AsyncSession, chart: UUID) -> AllergyDenial | None:
    """The latest word that there is no allergy, while it holds."""
    found = await _latest(session, AllergyDenial, chart, AllergyDenial.status == STANDING)
    return found[0] if found else None


async def measured_last(session: AsyncSession, chart: UUID, category: Category) -> Sequence[Observation]:
    """Of each thing that was measured the latest value, in the order of their codes."""
    counts = of_chart(Observation, chart), Observation.category == category, Observation.status != INACTIVATED
    what = (Observation.system, Observation.code, Observation.original)
    found = select(Observation).where(*counts).distinct(*what)
    latest = (Observation.occurred_at.desc(), Observation.id.desc())
    return (await session.scalars(found.order_by(*what, *latest).limit(_MOST))).all()


async def _latest(
    session: AsyncSession, table: type[Kept], chart: UUID, condition: ColumnElement[bool]
) -> Sequence[Kept]:
    found = select(table).where(of_chart(table, chart), condition)
    return (await session.scalars(found.order_by(table.occurred_at.desc(), table.id).limit(_MOST))).all()
