"""Faces in the database. Tries are counted here and not with the password's: a password resets those."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import Face


async def of_account(session: AsyncSession, account: UUID) -> Face | None:
    """The one that serves."""
    found = select(Face).where(Face.account_id == account, Face.revoked_at.is_(None))
    return (await session.execute(found)).scalar_one_or_none()


async def count_try(session: AsyncSession, one: UUID, tries: int) -> bool:
    """Count a try before it is judged; False when all ``tries`` are under way, or it is locked or revoked."""
    done = await session.execute(
        update(Face)
        .where(
            Face.id == one,
            Face.revoked_at.is_(None),
            Face.tries < tries,
            Face.locked_until.is_(None) | (Face.locked_until <= func.now()),
        )
        .values(tries=Face.tries + 1)
        .returning(Face.id)
    )
    return done.first() is not None


async def lock_after(session: AsyncSession, one: UUID, tries: int, seconds: int) -> bool:
    """Lock a face whose tries are used up; whether this did it."""
    done = await session.execute(
        update(Face)
        .where(Face.id == one, Face.tries >= tries)
        .values(locked_until=func.now() + timedelta(seconds=seconds), tries=0)
        .returning(Face.id)
    )
    return done.first() is not None


async def succeed(session: AsyncSession, one: UUID) -> bool:
    """It was recognised; False when it was revoked or locked meanwhile."""
    done = await session.execute(
        update(Face)
        .where(
            Face.id == one,
            Face.revoked_at.is_(None),
            Face.locked_until.is_(None) | (Face.locked_until <= func.now()),
        )
        .values(tries=0, used_at=func.now())
        .returning(Face.id)
    )
    return done.first() is not None


async def forget(session: AsyncSession, account: UUID) -> UUID | None:
    """The numbers are gone; that there were some, and until when, stays. None when there were none."""
    done = await session.execute(
        update(Face)
        .where(Face.account_id == account, Face.revoked_at.is_(None))
        .values(revoked_at=func.now(), sealed=None)
        .returning(Face.id)
    )
    return done.scalar_one_or_none()
