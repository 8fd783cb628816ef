"""What a chart says of allergies."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.allergies import ACTIVE, STANDING
from app.repositories.chart import of_chart
from app.tables import Allergy, AllergyDenial


async def active(session: AsyncSession, chart: UUID) -> Sequence[Allergy]:
    """Allergies that count."""
    return (
        await session.scalars(select(Allergy).where(of_chart(Allergy, chart), Allergy.status == ACTIVE))
    ).all()


async def standing_denials(session: AsyncSession, chart: UUID) -> Sequence[AllergyDenial]:
    """Denials that no allergy has ended; several when identities were merged."""
    found = select(AllergyDenial).where(of_chart(AllergyDenial, chart), AllergyDenial.status == STANDING)
    return (await session.scalars(found.order_by(AllergyDenial.id).with_for_update())).all()
