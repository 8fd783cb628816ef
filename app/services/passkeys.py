"""Passkeys (WebAuthn): a device that signs, opened by a face, a finger or a PIN that never leaves it.

Two factors in one step. The relying party is the hospital's name for the service, the same in the emergency
mode: a passkey made for one name is worth nothing for another, which also is what defeats a forged site.
"""

from collections.abc import Mapping
from typing import Any

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.domain.caller import Address, Caller
from app.domain.refusals import Conflict, Invalid, NotProved
from app.domain.sessions import Method, Tokens
from app.repositories import accounts
from app.repositories import passkeys as rows
from app.services.audit import Event, audit
from app.services.challenges import LASTS, Purpose, ask, spend
from app.services.identity import Identity
from app.services.proof import Proved
from app.services.sign_in import enter, proved_again
from app.tables import Account, Passkey

_NAME = "Prontuário"
_MILLISECONDS = int(LASTS.total_seconds() * 1000)
_MOST = 10
"""Passkeys of one account."""
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError)
"""What the library raises for an answer that it cannot verify, or cannot even read."""


def request_options(identity: Identity, challenge: str) -> dict[str, Any] | None:
    """What ``navigator.credentials.get()`` is called with; None where there are no passkeys."""
    if identity.settings.site is None:
        return None
    options = generate_authentication_options(
        rp_id=identity.settings.site,
        challenge=base64url_to_bytes(challenge),
        timeout=_MILLISECONDS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


async def creation_options(identity: Identity, caller: Caller) -> tuple[str, dict[str, Any]]:
    """A challenge, and what ``navigator.credentials.create()`` is called with."""
    site = _site(identity)
    async with identity.database.transaction() as session:
        account = await accounts.get(session, caller.account)
        present = await rows.of_account(session, caller.account)
    if account is None:
        raise NotProved
    challenge = await ask(identity.database, Purpose.PASSKEY, account=caller.account)
    options = generate_registration_options(
        rp_id=site,
        rp_name=_NAME,
        user_name=account.username,
        user_id=account.id.bytes,
        user_display_name=account.name,
        challenge=base64url_to_bytes(challenge),
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential) for one in present],
    )
    return challenge, options_to_json_dict(options)


async def add(
    identity: Identity, caller: Caller, challenge: str, label: str, credential: Mapping[str, Any]
) -> Passkey:
    """Keep what the device created. Raises ChallengeSpent, Invalid or Conflict."""
    site = _site(identity)
    await spend(identity.database, challenge, Purpose.PASSKEY, caller.address, account=caller.account)
    try:
        made = verify_registration_response(
            credential=dict(credential),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site,
            expected_origin=f"https://{site}",
            require_user_verification=True,
        )
    except _BROKEN:
        raise Invalid("A chave de acesso não pôde ser verificada. Tente cadastrá-la de novo.") from None
    async with identity.database.transaction() as session:
        if await rows.find(session, made.credential_id) is not None:
            raise Conflict("Esta chave de acesso já está cadastrada.")
        if len(await rows.of_account(session, caller.account)) >= _MOST:
            raise Conflict(f"São no máximo {_MOST} chaves de acesso. Exclua uma que não usa mais.")
        one = Passkey(
            account_id=caller.account,
            credential=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            label=label,
            backed_up=made.credential_backed_up,
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
    async with identity.database.transaction() as session:
        found = await rows.find(session, _credential(assertion))
        if found is not None:
            one, account = found
            signed = _signed_count(identity, one, challenge, assertion)
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


def _signed_count(
    identity: Identity, one: Passkey, challenge: str, assertion: Mapping[str, Any]
) -> int | None:
    """What the device counted when it signed; None when it did not sign this, here, for this person."""
    site = _site(identity)
    try:
        handle = assertion["response"].get("userHandle")
        verified = verify_authentication_response(
            credential=dict(assertion),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site,
            expected_origin=f"https://{site}",
            credential_public_key=one.public_key,
            credential_current_sign_count=one.sign_count,
            require_user_verification=True,
        )
        if handle is not None and base64url_to_bytes(handle) != one.account_id.bytes:
            return None
    except _BROKEN:
        return None
    return verified.new_sign_count


def _credential(assertion: Mapping[str, Any]) -> bytes:
    try:
        return base64url_to_bytes(assertion["rawId"])
    except _BROKEN:
        return b""


def _site(identity: Identity) -> str:
    if identity.settings.site is None:
        raise Conflict("Este serviço não tem um nome configurado, e sem ele não há chaves de acesso.")
    return identity.settings.site
