"""Sessions, tokens and challenges in the database, whose clock alone counts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.sessions import End, Kind, Method
from app.tables import Account, Challenge, SecurityPolicy, Session, SessionToken

_KEPT = timedelta(days=1)
"""Tokens and challenges are forgotten so long after they expired; sessions themselves are kept."""

_STRONG = {"factor_due": False, "second_factor": Method.PASSKEY.value}

Shown = tuple[Session, Account, SecurityPolicy]
Found = Row[tuple[SessionToken, Session, Account, SecurityPolicy, Any]]


async def find(session: AsyncSession, fingerprint: bytes, kind: Kind) -> Found | None:
    """Token, session, account, policy and the time it is, for a token that was issued and not forgotten."""
    found = await session.execute(
        select(SessionToken, Session, Account, SecurityPolicy, func.now())
        .join(Session, Session.id == SessionToken.session_id)
        .join(Account, Account.id == Session.account_id)
        .join(SecurityPolicy, true())
        .where(SessionToken.hash == fingerprint, SessionToken.kind == kind)
        # Read again after waiting for somebody else, it must be what they left.
        .execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def policy(session: AsyncSession) -> SecurityPolicy:
    """The hospital's rules."""
    return (await session.execute(select(SecurityPolicy))).scalar_one()


async def hold(session: AsyncSession, one: UUID) -> Session:
    """The session's row as it now is; others who want it wait for this transaction."""
    held = select(Session).where(Session.id == one).with_for_update()
    return (await session.execute(held.execution_options(populate_existing=True))).scalar_one()


async def open_row(session: AsyncSession, one: Session, lasts: timedelta) -> None:
    """A session that begins now and ends at the latest after so long."""
    one.expires_at = func.now() + lasts
    session.add(one)
    await session.flush()


async def touch(session: AsyncSession, one: UUID, token: bytes) -> None:
    """Its person did something now, with that token."""
    await session.execute(update(Session).where(Session.id == one).values(active_at=func.now()))
    await session.execute(
        update(SessionToken)
        .where(SessionToken.hash == token, SessionToken.used_at.is_(None))
        .values(used_at=func.now())
    )


async def lock(session: AsyncSession, one: UUID) -> bool:
    """Mark it locked; False when it was already."""
    done = await session.execute(
        update(Session)
        .where(Session.id == one, Session.locked_at.is_(None))
        .values(locked_at=func.now())
        .returning(Session.id)
    )
    return done.first() is not None


async def prove(session: AsyncSession, one: UUID, *, strong: bool) -> None:
    """Its person proved again who they are: unlocked, and good for critical acts.

    strong: by two factors, so that none is due any more
    """
    now = {"active_at": func.now(), "proved_at": func.now(), "locked_at": None}
    await session.execute(update(Session).where(Session.id == one).values(now | (_STRONG if strong else {})))


async def show_face(session: AsyncSession, one: UUID) -> None:
    """Its second factor was a face. It proves nothing anew, and unlocks nothing."""
    shown = {"factor_due": False, "second_factor": Method.FACE.value, "active_at": func.now()}
    await session.execute(update(Session).where(Session.id == one, Session.factor_due).values(shown))


async def open_ones(session: AsyncSession, account: UUID) -> int:
    """How many sessions of an account are not over."""
    found = select(func.count()).where(
        Session.account_id == account, Session.ended_at.is_(None), Session.expires_at > func.now()
    )
    return (await session.execute(found)).scalar_one()


async def password_chosen(session: AsyncSession, account: UUID) -> None:
    """The owner chose a password: their sessions serve again."""
    await session.execute(update(Session).where(Session.account_id == account).values(password_due=False))


async def shown(session: AsyncSession, one: UUID) -> Shown:
    """A session with all that its owner is told of it."""
    found = select(Session, Account, SecurityPolicy).join(Account, Account.id == Session.account_id)
    return (await session.execute(found.join(SecurityPolicy, true()).where(Session.id == one))).one()._tuple()


async def end(
    session: AsyncSession,
    why: End,
    *,
    one: UUID | None = None,
    account: UUID | None = None,
    except_for: UUID | None = None,
) -> list[UUID]:
    """End one session, or all of an account; answers which were ended by this."""
    statement = update(Session).where(Session.ended_at.is_(None))
    if one is not None:
        statement = statement.where(Session.id == one)
    if account is not None:
        statement = statement.where(Session.account_id == account)
    if except_for is not None:
        statement = statement.where(Session.id != except_for)
    done = await session.execute(
        statement.values(ended_at=func.now(), ended_because=why.value).returning(Session.id)
    )
    return list(done.scalars())


async def issue(
    session: AsyncSession, one: UUID, pair: UUID, fingerprints: Mapping[Kind, bytes], access: timedelta
) -> None:
    """A pair of tokens; none outlives its session."""
    lasts = {
        Kind.ACCESS: func.least(Session.expires_at, func.now() + access),
        Kind.REFRESH: Session.expires_at,
    }
    for kind, fingerprint in fingerprints.items():
        expiry = select(lasts[kind]).where(Session.id == one).scalar_subquery()
        session.add(
            SessionToken(hash=fingerprint, session_id=one, kind=kind.value, pair=pair, expires_at=expiry)
        )
    await session.flush()


async def exchange(session: AsyncSession, fingerprint: bytes, successor: UUID) -> None:
    """This refresh token was exchanged for that pair; when it was first, stays."""
    await session.execute(
        update(SessionToken)
        .where(SessionToken.hash == fingerprint)
        .values(used_at=func.coalesce(SessionToken.used_at, func.now()), successor=successor)
    )


async def is_pair_used(session: AsyncSession, pair: UUID) -> bool:
    """Whether anybody showed one of these two tokens."""
    used = select(SessionToken.hash).where(SessionToken.pair == pair, SessionToken.used_at.is_not(None))
    return (await session.execute(used.limit(1))).first() is not None


async def void(session: AsyncSession, pair: UUID) -> None:
    """These two tokens open nothing any more."""
    await session.execute(update(SessionToken).where(SessionToken.pair == pair).values(expires_at=func.now()))


async def challenge(
    session: AsyncSession,
    fingerprint: bytes,
    kind: str,
    *,
    content: Mapping[str, Any],
    lasts: timedelta,
    account: UUID | None = None,
) -> None:
    """Remember what was asked; what expired long ago is forgotten meanwhile."""
    for table in (Challenge, SessionToken):
        await session.execute(delete(table).where(table.expires_at < func.now() - _KEPT))
    session.add(
        Challenge(
            hash=fingerprint,
            kind=kind,
            account_id=account,
            content=dict(content),
            expires_at=func.now() + lasts,
        )
    )
    await session.flush()


async def spend(
    session: AsyncSession, fingerprint: bytes, kind: str, account: UUID | None = None
) -> dict[str, Any] | None:
    """What that challenge was made with, once; None when it is unknown, spent, late or another account's."""
    done = await session.execute(
        update(Challenge)
        .where(
            Challenge.hash == fingerprint,
            Challenge.kind == kind,
            Challenge.account_id.is_not_distinct_from(account),
            Challenge.used_at.is_(None),
            Challenge.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(Challenge.content)
    )
    return done.scalar_one_or_none()
