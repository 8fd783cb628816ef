"""Whether a password is that of an account: counted before it is judged, locked out after too many."""

from dataclasses import dataclass

from app.domain.caller import Address
from app.domain.refusals import NotProved
from app.repositories import accounts as rows
from app.repositories.sessions import policy
from app.services.audit import Event, audit
from app.services.identity import Identity
from app.tables import Account


@dataclass(frozen=True)
class Proved:
    """An account whose person has just proved that it is theirs.

    strong: by two factors, such as a device and the face that opens it
    """

    account: Account
    password_due: bool = False
    strong: bool = False


async def prove_password(identity: Identity, username: str, password: str, address: Address | None) -> Proved:
    """The account of ``username``, if ``password`` is its own, it is active, and not locked.

    Raises NotProved, the same and after the same time for every cause; the audit keeps which it was. A
    connection to the records is held only before and after the hash is computed.
    """
    kept = None
    async with identity.database.transaction() as session:
        account = await rows.named(session, username.strip().lower())
        counted = account is not None and await rows.count_try(session, account.id)
        if account is not None:
            kept = next(iter(await rows.passwords(session, account.id, 1)), None)
    usable = kept.hash if kept is not None and counted else None
    matches = await identity.passwords.matches(usable, password)
    if account is not None and kept is not None and matches and account.active:
        return Proved(account, kept.temporary)
    await _refuse(identity, account, address, counted=counted, matches=matches)
    raise NotProved


async def _refuse(
    identity: Identity, account: Account | None, address: Address | None, *, counted: bool, matches: bool
) -> None:
    """Keep why, and lock the account whose tries are used up."""
    if account is None:
        reason = "unknown"
    elif not counted:
        reason = "locked"
    else:
        reason = "inactive" if matches else "wrong"
    subject = account.id if account else None
    async with identity.database.transaction() as session:
        await audit(
            session, None, Event.LOGIN_REFUSED, address=address, subject=subject, detail={"reason": reason}
        )
        if account is not None and counted:
            rules = await policy(session)
            if await rows.lock_after(session, account.id, rules.tries, rules.lock_seconds):
                await audit(session, None, Event.LOCKED_OUT, address=address, subject=subject)
