"""Choosing a password: by its owner, or for them by an administrator who then does not know the next one."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Caller
from app.domain.passwords import REMEMBERED, judge
from app.domain.refusals import Invalid, NotProved
from app.domain.sessions import End
from app.repositories import accounts as rows
from app.repositories import sessions
from app.services.audit import Event, audit
from app.services.challenges import Purpose, spend
from app.services.identity import Identity
from app.services.proof import prove_password


async def change_password(identity: Identity, caller: Caller, challenge: str, current: str, new: str) -> None:
    """The caller's own password; other sessions of theirs end.

    Raises ChallengeSpent, NotProved or Invalid.
    """
    await spend(identity.database, challenge, Purpose.PROOF, caller.address, account=caller.account)
    async with identity.database.transaction() as session:
        account = await rows.get(session, caller.account)
    if account is None:
        raise NotProved
    await prove_password(identity, account.username, current, caller.address)
    judge(new, account.username)
    async with identity.database.transaction() as session:
        before = await rows.passwords(session, caller.account, REMEMBERED)
    if await identity.passwords.is_one_of([one.hash for one in before], new):
        raise Invalid(f"A senha nova não pode ser igual às {REMEMBERED} últimas.")
    kept = await identity.passwords.hash(new)
    async with identity.database.transaction() as session:
        await rows.take_back_try(session, caller.account)
        await rows.keep_password(session, caller.account, kept, temporary=False, by=caller.account)
        await sessions.password_chosen(session, caller.account)
        await end_all(session, caller, caller.account, End.REVOKED, except_for=caller.session)
        await audit(session, caller, Event.PASSWORD_CHANGED, subject=caller.account)


async def end_all(
    session: AsyncSession, caller: Caller, account: UUID, why: End, *, except_for: UUID | None = None
) -> None:
    """End the sessions of an account, each with its line in the audit."""
    for one in await sessions.end(session, why, account=account, except_for=except_for):
        await audit(session, caller, Event.SESSION_REVOKED, subject=one, detail={"reason": why})
