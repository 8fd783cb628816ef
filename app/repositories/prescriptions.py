"""The lines of a prescription."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import Medication


async def lines(session: AsyncSession, prescription: UUID) -> Sequence[Medication]:
    """All of them as they are now, always in the same order."""
    found = select(Medication).where(Medication.prescription_id == prescription)
    return (await session.scalars(found.order_by(Medication.original, Medication.id))).all()
