"""Charts that their patients closed to some."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Caller
from app.domain.rights import ChartClosed
from app.tables import Restriction


async def refuse_closed(session: AsyncSession, caller: Caller, patient: UUID) -> None:
    """Raise ChartClosed when ``patient`` closed the chart to the caller, or to all roles that they hold."""
    asked = select(Restriction.accounts, Restriction.roles).where(
        Restriction.patient_id == patient,
        Restriction.ended_at.is_(None),
    )
    for accounts, roles in await session.execute(asked):
        if caller.account in accounts or {str(one) for one in caller.roles} <= set(roles):
            raise ChartClosed
