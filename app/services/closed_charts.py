"""Charts that their patients closed to some."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Caller
from app.domain.rights import ChartClosed
from app.repositories import emergency
from app.tables import Patient, Restriction


async def refuse_closed(session: AsyncSession, caller: Caller, patient: UUID) -> None:
    """Raise ChartClosed when ``patient`` closed the chart to the caller, or to all roles that they hold,
    unless they opened it in an emergency. ``patient``: the chart's own identity."""
    asked = select(Restriction.accounts, Restriction.roles).where(
        Restriction.patient_id == patient,
        Restriction.ended_at.is_(None),
    )
    mine = {str(one) for one in caller.roles}
    closed = any(
        caller.account in accounts or mine <= set(roles) for accounts, roles in await session.execute(asked)
    )
    if not closed:
        return
    identities = (await session.scalars(select(Patient.id).where(Patient.chart_id == patient))).all()
    if not await emergency.is_open(session, caller.account, list(identities)):
        raise ChartClosed
