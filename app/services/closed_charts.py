"""Charts that their patients closed to some."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Caller
from app.domain.rights import ChartClosed
from app.services.emergency import has_broken_the_glass
from app.tables import Patient, Restriction


async def refuse_closed(session: AsyncSession, caller: Caller, chart: UUID) -> None:
    """Raise ChartClosed when ``chart`` is closed to the caller, or to all roles that they hold.

    What was said of one of its identities holds for the whole chart. An emergency access opens it.
    """
    members = select(Patient.id).where(Patient.chart_id == chart)
    asked = select(Restriction.accounts, Restriction.roles).where(
        Restriction.patient_id.in_(members),
        Restriction.ended_at.is_(None),
    )
    held = {str(one) for one in caller.roles}
    wishes = (await session.execute(asked)).all()
    if any(caller.account in accounts or held <= set(roles) for accounts, roles in wishes):
        identities = list(await session.scalars(members))
        if not await has_broken_the_glass(session, caller, identities):
            raise ChartClosed
