"""Passkeys (WebAuthn): a device that signs, opened by a face, a finger or a PIN that never leaves it.

Two factors in one step. The relying party is the hospital's name for the service, the same in the emergency
mode: a passkey made for one name is worth nothing for another, which also is what defeats a forged site.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.domain.caller import Address, Caller
from app.domain.refusals import Conflict, Invalid, NotProved
from app.domain.sessions import Method, Tokens
from app.later import Later
from app.repositories import accounts
from app.repositories import passkeys as rows
from app.services.audit import Event, audit
from app.services.challenges import LASTS, Purpose, ask, spend
from app.services.identity import Identity
from app.services.proof import Proved
from app.services.sign_in import enter, proved_again
from app.tables import Account, Passkey

if TYPE_CHECKING:
    from app.adapters.passkeys import RelyingParty

_MILLISECONDS = int(LASTS.total_seconds() * 1000)
_MOST = 10
"""Passkeys of one account."""


def request_options(identity: Identity, challenge: str) -> dict[str, Any] | None:
    """What ``navigator.credentials.get()`` is called with; None where there are no passkeys."""
    if identity.settings.site is None:
        return None
    # By hand: every sign-in begins with it, by a password too, and would load the library.
    return {
        "challenge": challenge,
        "timeout": _MILLISECONDS,
        "rpId": identity.settings.site,
        "allowCredentials": [],
        "userVerification": "required",
    }


async def creation_options(identity: Identity, caller: Caller) -> tuple[str, dict[str, Any]]:
    """A challenge, and what ``navigator.credentials.create()`` is called with."""
    here = await _here(identity)
    async with identity.database.transaction() as session:
        account = await accounts.get(session, caller.account)
        present = await rows.of_account(session, caller.account)
    if account is None:
        raise NotProved
    challenge = await ask(identity.database, Purpose.PASSKEY, account=caller.account)
    options = here.creation_options(
        challenge,
        owner=account.id.bytes,
        username=account.username,
        name=account.name,
        others=[one.credential for one in present],
        milliseconds=_MILLISECONDS,
    )
    return challenge, options


async def add(
    identity: Identity, caller: Caller, challenge: str, label: str, credential: Mapping[str, Any]
) -> Passkey:
    """Keep what the device created. Raises ChallengeSpent, Invalid or Conflict."""
    here = await _here(identity)
    await spend(identity.database, challenge, Purpose.PASSKEY, caller.address, account=caller.account)
    made = here.created(challenge, credential)
    if made is None:
        raise Invalid("A chave de acesso não pôde ser verificada. Tente cadastrá-la de novo.")
    async with identity.database.transaction() as session:
        if await rows.find(session, made.credential) is not None:
            raise Conflict("Esta chave de acesso já está cadastrada.")
        if len(await rows.of_account(session, caller.account)) >= _MOST:
            raise Conflict(f"São no máximo {_MOST} chaves de acesso. Exclua uma que não usa mais.")
        one = Passkey(
            account_id=caller.account,
            credential=made.credential,
            public_key=made.public_key,
            sign_count=made.sign_count,
            label=label,
            backed_up=made.backed_up,
        )
        session.add(one)
        await session.flush()
        await session.refresh(one)
        await audit(session, caller, Event.FACTOR_ADDED, subject=caller.account, detail={"passkey": one.id})
    return one


async def sign_in_with_passkey(
    identity: Identity, challenge: str, assertion: Mapping[str, Any], address: Address | None
) -> tuple[Caller, Tokens]:
    """A session for whoever's device signed the challenge. Raises ChallengeSpent or NotProved."""
    _site(identity)
    await spend(identity.database, challenge, Purpose.SIGN_IN, address)
    account = await _prove(identity, challenge, assertion, address)
    return await enter(identity, Proved(account, strong=True), Method.PASSKEY, address)


async def prove_again_with_passkey(
    identity: Identity, caller: Caller, challenge: str, assertion: Mapping[str, Any]
) -> None:
    """Unlock the caller's session and let it do critical acts. Raises ChallengeSpent or NotProved."""
    _site(identity)
    await spend(identity.database, challenge, Purpose.PROOF, caller.address, account=caller.account)
    account = await _prove(identity, challenge, assertion, caller.address)
    if account.id != caller.account:
        raise NotProved
    await proved_again(identity, caller, Method.PASSKEY)


async def _prove(
    identity: Identity, challenge: str, assertion: Mapping[str, Any], address: Address | None
) -> Account:
    """The account whose passkey signed ``challenge`` for this site, its person verified by the device."""
    reason, account = "passkey-unknown", None
    here = await _here(identity)
    async with identity.database.transaction() as session:
        found = await rows.find(session, here.credential_of(assertion))
        if found is not None:
            one, account = found
            signed = here.signed(challenge, assertion, one.public_key, one.sign_count, one.account_id.bytes)
            if signed is None:
                reason = "passkey-wrong"
            elif not account.active:
                reason = "inactive"
            elif not await rows.count(session, one.id, signed):
                reason = "passkey-replayed"
            else:
                return account
        subject = account.id if account else None
        await audit(
            session, None, Event.LOGIN_REFUSED, address=address, subject=subject, detail={"reason": reason}
        )
    raise NotProved


def _library() -> "type[RelyingParty]":
    from app.adapters.passkeys import RelyingParty  # noqa: PLC0415 - a tenth of a second, for few processes

    return RelyingParty


_relying_party = Later(_library)


async def _here(identity: Identity) -> "RelyingParty":
    site = _site(identity)
    return (await _relying_party())(site)


def _site(identity: Identity) -> str:
    if identity.settings.site is None:
        raise Conflict("Este serviço não tem um nome configurado, e sem ele não há chaves de acesso.")
    return identity.settings.site
