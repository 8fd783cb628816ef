"""Which person of the identity provider has which account."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import Account, ProviderLink


async def find(session: AsyncSession, issuer: str, subject: str) -> Account | None:
    """The account of that person."""
    found = await session.execute(
        select(Account)
        .join(ProviderLink, ProviderLink.account_id == Account.id)
        .where(
            ProviderLink.issuer == issuer,
            ProviderLink.subject == subject,
            ProviderLink.unlinked_at.is_(None),
        )
    )
    return found.scalar_one_or_none()


async def link(session: AsyncSession, issuer: str, subject: str, account: UUID) -> None:
    """From now on; IntegrityError when either already has another."""
    session.add(ProviderLink(issuer=issuer, subject=subject, account_id=account))
    await session.flush()


async def unlink(session: AsyncSession, account: UUID) -> bool:
    """No more; False when there was none."""
    done = await session.execute(
        update(ProviderLink)
        .where(ProviderLink.account_id == account, ProviderLink.unlinked_at.is_(None))
        .values(unlinked_at=func.now())
        .returning(ProviderLink.id)
    )
    return done.first() is not None
