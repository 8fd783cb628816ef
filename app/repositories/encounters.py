"""Who is in the hospital now."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.domain.encounters import OPEN
from app.tables import Encounter, Patient


async def present(
    session: AsyncSession,
    ward: str | None,
    kind: str | None,
    limit: int,
    after: tuple[str, str, UUID] | None,
) -> Sequence[Row[Any]]:
    """A page and one more of open encounters with who it is, by ward, bed and id."""
    own = aliased(Patient)
    ward_of, bed_of = func.coalesce(Encounter.ward, ""), func.coalesce(Encounter.bed, "")
    found = (
        select(
            Encounter.id.label("encounter_id"),
            own.id.label("patient_id"),
            Encounter.kind,
            Encounter.ward,
            Encounter.bed,
            Encounter.occurred_at.label("since"),
            own.name,
            own.social_name,
            own.birth,
            own.sex,
            own.identity,
            own.invented,
        )
        .join(Patient, Patient.id == Encounter.patient_id)
        .join(own, own.id == Patient.chart_id)
        .where(Encounter.status == OPEN)
    )
    if ward is not None:
        found = found.where(ward_of == ward)
    if kind is not None:
        found = found.where(Encounter.kind == kind)
    if after is not None:
        place = tuple_(literal(after[0]), literal(after[1]), literal(after[2]))
        found = found.where(tuple_(ward_of, bed_of, Encounter.id) > place)
    return (await session.execute(found.order_by(ward_of, bed_of, Encounter.id).limit(limit + 1))).all()
