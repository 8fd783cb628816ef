"""Emergency accesses in the database."""

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import EmergencyAccess


def _open(account: UUID) -> Select[tuple[EmergencyAccess]]:
    return select(EmergencyAccess).where(
        EmergencyAccess.recorded_by == account,
        EmergencyAccess.ended_at.is_(None),
        EmergencyAccess.expires_at > func.now(),
    )


async def open_of(session: AsyncSession, account: UUID) -> list[EmergencyAccess]:
    """What that person has open now, by database time."""
    return list((await session.execute(_open(account).order_by(EmergencyAccess.expires_at))).scalars())


async def is_open(session: AsyncSession, account: UUID, patients: list[UUID]) -> bool:
    """Whether that person has opened the chart of one of these identities of a patient, and still may."""
    found = _open(account).where(EmergencyAccess.patient_id.in_(patients)).limit(1)
    return (await session.execute(found)).first() is not None


async def waiting(session: AsyncSession, limit: int) -> list[EmergencyAccess]:
    """Those that nobody has judged, the oldest first."""
    found = select(EmergencyAccess).where(EmergencyAccess.verdict.is_(None))
    return list((await session.execute(found.order_by(EmergencyAccess.recorded_at).limit(limit))).scalars())
