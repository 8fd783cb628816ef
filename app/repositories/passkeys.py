"""Passkeys in the database."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import Account, Passkey


async def of_account(session: AsyncSession, account: UUID) -> list[Passkey]:
    """Those that serve, the oldest first."""
    found = select(Passkey).where(Passkey.account_id == account, Passkey.revoked_at.is_(None))
    return list((await session.execute(found.order_by(Passkey.added_at))).scalars())


async def find(session: AsyncSession, credential: bytes) -> tuple[Passkey, Account] | None:
    """The one that a device calls so, with its account; None when it is unknown or revoked."""
    found = await session.execute(
        select(Passkey, Account)
        .join(Account, Account.id == Passkey.account_id)
        .where(Passkey.credential == credential, Passkey.revoked_at.is_(None))
    )
    one = found.one_or_none()
    return None if one is None else one._tuple()


async def count(session: AsyncSession, one: UUID, sign_count: int) -> bool:
    """Remember what the device counted; False when another request was there first with as much or more."""
    done = await session.execute(
        update(Passkey)
        .where(
            Passkey.id == one,
            Passkey.revoked_at.is_(None),
            (Passkey.sign_count < sign_count) | ((Passkey.sign_count == 0) & (sign_count == 0)),
        )
        .values(sign_count=sign_count, used_at=func.now())
        .returning(Passkey.id)
    )
    return done.first() is not None


async def revoke(session: AsyncSession, account: UUID, one: UUID) -> bool:
    """It serves no more; False when it did not, or is not that account's."""
    done = await session.execute(
        update(Passkey)
        .where(Passkey.id == one, Passkey.account_id == account, Passkey.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(Passkey.id)
    )
    return done.first() is not None
