"""Signing in through the hospital's identity provider, and tying an account to a person there.

The provider says who somebody is, never what they may do: roles are given here. Nobody is matched by a name
or an address that the provider lets people choose; the owner of an account ties it, signed in, once.
"""

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from app.domain.caller import Address, Caller
from app.domain.refusals import Conflict, NotFound, NotProved
from app.domain.sessions import Method, Tokens
from app.repositories import provider_links as rows
from app.services.audit import Event, audit
from app.services.challenges import Purpose, ask, spend
from app.services.identity import Identity
from app.services.proof import Proved
from app.services.sign_in import enter
from app.services.tokens import fingerprint, new_secret

if TYPE_CHECKING:
    from app.adapters.identity_provider import IdentityProvider, Known


@dataclass(frozen=True)
class Return:
    """What the browser came back with, and the secret that it kept meanwhile."""

    state: str
    code: str
    attempt: str
    issuer: str | None


async def start(identity: Identity, caller: Caller | None = None) -> tuple[str, str]:
    """Where the browser goes, and the secret that it keeps: another's browser cannot finish the attempt.

    caller: whose account is to be tied; None to sign in. Raises Conflict without a provider.
    """
    provider = await _provider(identity)
    nonce, verifier, attempt = new_secret(), new_secret(), new_secret()
    state = await ask(
        identity.database,
        Purpose.LINK if caller else Purpose.PROVIDER,
        account=caller.account if caller else None,
        content={"nonce": nonce, "verifier": verifier, "attempt": fingerprint(attempt).hex()},
    )
    return await provider.authorization_url(state, nonce, verifier), attempt


async def sign_in_through_provider(
    identity: Identity, back: Return, address: Address | None
) -> tuple[Caller, Tokens]:
    """A session for whoever came back. Raises ChallengeSpent, NotProved or ProviderUnavailable."""
    try:
        known = await _known(identity, back, Purpose.PROVIDER, address)
    except NotProved:
        await _refused(identity, address, "provider-wrong")
        raise
    async with identity.database.transaction() as session:
        account = await rows.find(session, known.issuer, known.subject)
    if account is None or not account.active:
        await _refused(identity, address, "provider-not-linked" if account is None else "inactive")
        raise NotProved
    return await enter(identity, Proved(account, strong=known.strong), Method.PROVIDER, address)


async def tie(identity: Identity, caller: Caller, back: Return) -> None:
    """The caller's account belongs to whoever came back, from now on."""
    known = await _known(identity, back, Purpose.LINK, caller.address, caller)
    try:
        async with identity.database.transaction() as session:
            await rows.link(session, known.issuer, known.subject, caller.account)
            await audit(
                session, caller, Event.FACTOR_ADDED, subject=caller.account, detail={"provider": True}
            )
    except IntegrityError:
        raise Conflict(
            "Esta conta, ou esta pessoa do provedor, já tem um vínculo. Desfaça-o antes."
        ) from None


async def untie(identity: Identity, caller: Caller) -> None:
    """The provider opens the caller's account no more. Raises NotFound."""
    async with identity.database.transaction() as session:
        if not await rows.unlink(session, caller.account):
            raise NotFound
        await audit(session, caller, Event.FACTOR_REMOVED, subject=caller.account, detail={"provider": True})


async def _known(
    identity: Identity,
    back: Return,
    purpose: Purpose,
    address: Address | None,
    caller: Caller | None = None,
) -> "Known":
    provider = await _provider(identity)
    account = caller.account if caller else None
    asked = await spend(identity.database, back.state, purpose, address, account=account)
    if not hmac.compare_digest(fingerprint(back.attempt).hex(), asked["attempt"]):
        raise NotProved
    # RFC 9207: an answer of another provider is not taken for ours.
    if back.issuer is not None and back.issuer != provider.issuer:
        raise NotProved
    return await provider.exchange(back.code, asked["nonce"], asked["verifier"])


async def _refused(identity: Identity, address: Address | None, reason: str) -> None:
    async with identity.database.transaction() as session:
        await audit(session, None, Event.LOGIN_REFUSED, address=address, detail={"reason": reason})


async def _provider(identity: Identity) -> "IdentityProvider":
    if identity.provider is None:
        raise Conflict("Este hospital não tem provedor de identidade. Entre com usuário e senha.")
    return await identity.provider()
