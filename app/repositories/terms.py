"""Terms of use in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import Session, Terms, TermsAcceptance


async def current(session: AsyncSession) -> Terms | None:
    """The version that holds; None while the hospital has published none."""
    return (await session.execute(select(Terms).order_by(Terms.number.desc()).limit(1))).scalar_one_or_none()


async def publish(session: AsyncSession, text: str, by: UUID) -> Terms:
    """The next version. Two at once: the number is unique, so the second fails."""
    last = (await session.execute(select(func.coalesce(func.max(Terms.number), 0)))).scalar_one()
    made = Terms(number=last + 1, text=text, published_by=by)
    session.add(made)
    await session.flush()
    await session.refresh(made)
    return made


async def accepted_at(session: AsyncSession, account: UUID, terms: UUID) -> datetime | None:
    """When that account accepted that version; None: it did not."""
    found = select(TermsAcceptance.accepted_at).where(
        TermsAcceptance.account_id == account, TermsAcceptance.terms_id == terms
    )
    return (await session.execute(found)).scalar_one_or_none()


async def accept(session: AsyncSession, account: UUID, terms: UUID, one: UUID) -> bool:
    """Remember it, and let the account's sessions serve; False when it was accepted before."""
    made = await session.execute(
        insert(TermsAcceptance)
        .values(account_id=account, terms_id=terms, session_id=one)
        .on_conflict_do_nothing()
        .returning(TermsAcceptance.account_id)
    )
    await session.execute(update(Session).where(Session.account_id == account).values(terms_due=False))
    return made.first() is not None


async def due(session: AsyncSession, account: UUID) -> bool:
    """Whether there are terms that the account has not accepted."""
    terms = await current(session)
    return terms is not None and await accepted_at(session, account, terms.id) is None
