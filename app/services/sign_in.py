"""Signing in and, inside a session, proving again who one is."""

from app.domain.caller import Address, Caller
from app.domain.refusals import NotProved
from app.domain.sessions import Method, Tokens
from app.repositories import accounts
from app.repositories import sessions as rows
from app.services.audit import Event, audit
from app.services.challenges import Purpose, spend
from app.services.identity import Identity
from app.services.proof import Proved, prove_password
from app.services.sessions import open_session


async def sign_in_with_password(
    identity: Identity, challenge: str, username: str, password: str, address: Address | None
) -> tuple[Caller, Tokens]:
    """A session for a name and its password. Raises ChallengeSpent or NotProved."""
    await spend(identity.database, challenge, Purpose.SIGN_IN, address)
    proved = await prove_password(identity, username, password, address)
    return await enter(identity, proved, Method.PASSWORD, address)


async def enter(
    identity: Identity, proved: Proved, method: Method, address: Address | None
) -> tuple[Caller, Tokens]:
    """A session for somebody who has proved by ``method`` who they are."""
    account = proved.account
    async with identity.database.transaction() as session:
        previous, failures = await accounts.succeed(session, account.id)
        # This try itself was counted as a failure until it was judged.
        failures = max(failures - 1, 0) if method is Method.PASSWORD else failures
        wanted = (await rows.policy(session)).second_factor
        caller, tokens = await open_session(
            session,
            account,
            method,
            address,
            previous=previous,
            failures=failures,
            password_due=proved.password_due,
            factor_due=wanted and not proved.strong,
            strong=proved.strong,
        )
        await audit(session, caller, Event.LOGIN, subject=caller.session, detail={"method": method})
    return caller, tokens


async def prove_again_with_password(
    identity: Identity, caller: Caller, challenge: str, password: str
) -> None:
    """Unlock the caller's session and let it do critical acts. Raises ChallengeSpent or NotProved."""
    await spend(identity.database, challenge, Purpose.PROOF, caller.address, account=caller.account)
    async with identity.database.transaction() as session:
        account = await accounts.get(session, caller.account)
    if account is None:
        raise NotProved
    await prove_password(identity, account.username, password, caller.address)
    await proved_again(identity, caller, Method.PASSWORD)


async def proved_again(identity: Identity, caller: Caller, method: Method) -> None:
    """The caller proved by ``method`` that it is still them."""
    async with identity.database.transaction() as session:
        was = await rows.hold(session, caller.session)
        locked = was.locked_at is not None
        if method is Method.PASSWORD:
            await accounts.take_back_try(session, caller.account)
        await rows.prove(session, caller.session, strong=method is Method.PASSKEY)
        event = Event.SESSION_UNLOCKED if locked else Event.REAUTHENTICATED
        await audit(session, caller, event, subject=caller.session, detail={"method": method})
