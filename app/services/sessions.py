"""Sessions: who shows a token is recognised, gets new tokens, is locked after inactivity, and leaves."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.caller import Address, Caller, Role
from app.domain.refusals import NotIdentified
from app.domain.sessions import End, Kind, Method, Presence, Standing, Tokens, is_retry
from app.repositories import sessions as rows
from app.repositories import terms
from app.services.audit import Event, audit
from app.services.tokens import fingerprint, new_secret
from app.tables import Account, SecurityPolicy, Session

_TOUCH_EVERY = timedelta(seconds=15)
"""Activity is written no oftener: a clinician who types must not cost a write for every keystroke."""


async def recognise(
    database: Database, token: str, address: Address | None, *, attentive: bool = True
) -> Presence:
    """Whoever showed this access token. ``attentive``: a person did something, not a screen by itself.

    Raises NotIdentified, with one text, for what is unknown, expired, ended or belongs to a closed account.
    """
    shown = fingerprint(token)
    async with database.transaction() as session:
        found = await rows.find(session, shown, Kind.ACCESS)
        if found is None:
            raise NotIdentified
        held, one, account, policy, now = found
        presence = _presence(one, account, policy, now, address)
        if held.expires_at <= now or presence.standing.over:
            raise NotIdentified
        if presence.standing.locked:
            if await rows.lock(session, one.id):
                await audit(session, presence.caller, Event.SESSION_LOCKED, subject=one.id)
        elif attentive and (held.used_at is None or now - one.active_at >= _TOUCH_EVERY):
            await rows.touch(session, one.id, shown)
        return presence


async def renew(database: Database, token: str, address: Address | None) -> Tokens:
    """New tokens for a refresh token, once. Raises NotIdentified; ends the session of one that was copied.

    Locks nothing and unlocks nothing: a screen may renew by itself while its person is away.
    """
    shown = fingerprint(token)
    async with database.transaction() as session:
        first = await rows.find(session, shown, Kind.REFRESH)
        if first is None:
            raise NotIdentified
        await rows.hold(session, first[1].id)
        found = await rows.find(session, shown, Kind.REFRESH)
        assert found is not None  # noqa: S101 (nobody forgets a token of a session that we hold)
        held, one, account, policy, now = found
        presence = _presence(one, account, policy, now, address)
        if held.expires_at <= now or presence.standing.over:
            raise NotIdentified
        if held.used_at is not None and held.successor is not None:
            used = await rows.is_pair_used(session, held.successor)
            if is_retry(held.used_at, now, successor_used=used):
                await rows.void(session, held.successor)
            else:
                await rows.end(session, End.REPLAYED, one=one.id)
                await audit(session, presence.caller, Event.TOKEN_REPLAYED, subject=one.id)
                held = None
        if held is not None:
            tokens = await issue(session, one.id, policy)
            await rows.exchange(session, shown, tokens.pair)
            return tokens
    # Outside of the transaction: that the session ended must stand.
    raise NotIdentified


async def leave(database: Database, caller: Caller, *, locked: bool = False) -> None:
    """End the caller's own session. Whoever finds it locked may do that, and nothing else."""
    async with database.transaction() as session:
        if await rows.end(session, End.LEFT, one=caller.session):
            await audit(session, caller, Event.LOGOUT, subject=caller.session, detail={"locked": locked})


async def open_session(
    session: AsyncSession,
    account: Account,
    method: Method,
    address: Address | None,
    *,
    previous: datetime | None,
    failures: int,
    password_due: bool,
    factor_due: bool,
    strong: bool = False,
) -> tuple[Caller, Tokens]:
    """A session of somebody who has just proved who they are, and its first tokens."""
    policy = await rows.policy(session)
    one = uuid4()
    await rows.open_row(
        session,
        Session(
            id=one,
            account_id=account.id,
            method=method.value,
            address=address,
            password_due=password_due,
            factor_due=factor_due,
            terms_due=await terms.due(session, account.id),
            second_factor=method.value if strong else None,
            previous_at=previous,
            failures_before=failures,
        ),
        timedelta(seconds=policy.session_seconds),
    )
    tokens = await issue(session, one, policy)
    return Caller(account.id, one, _roles(account), address, proved_recently=True), tokens


async def issue(session: AsyncSession, one: UUID, policy: SecurityPolicy) -> Tokens:
    """A new pair of tokens for a session."""
    tokens = Tokens(new_secret(), new_secret(), policy.access_seconds, uuid4())
    prints = {Kind.ACCESS: fingerprint(tokens.access), Kind.REFRESH: fingerprint(tokens.refresh)}
    await rows.issue(session, one, tokens.pair, prints, timedelta(seconds=policy.access_seconds))
    return tokens


def _presence(
    one: Session, account: Account, policy: SecurityPolicy, now: datetime, address: Address | None
) -> Presence:
    standing = Standing(
        now=now,
        active_at=one.active_at,
        expires_at=one.expires_at,
        locked_at=one.locked_at,
        ended_at=one.ended_at,
        account_active=account.active,
        inactivity=timedelta(seconds=policy.inactivity_seconds),
    )
    recent = now - one.proved_at < timedelta(seconds=policy.proof_seconds)
    by_face = one.second_factor == Method.FACE
    caller = Caller(account.id, one.id, _roles(account), address, proved_recently=recent, by_face=by_face)
    strong = one.second_factor is not None and not by_face
    return Presence(caller, standing, one.password_due, one.factor_due, one.terms_due, strong)


def _roles(account: Account) -> frozenset[Role]:
    return frozenset(Role(one) for one in account.roles)
