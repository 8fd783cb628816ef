"""WebAuthn's side of passkeys: what a device is asked, and whether it did what it was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webauthn import (
    base64url_to_bytes,
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

_NAME = "Prontuário"
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError)
"""What the library raises for an answer that it cannot verify, or cannot even read."""


@dataclass(frozen=True)
class Created:
    """A passkey as its device made it."""

    credential: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool


@dataclass(frozen=True)
class RelyingParty:
    """Who asks: the hospital's name for the service. Whatever is not proved is None, for whatever reason."""

    site: str

    def creation_options(
        self,
        challenge: str,
        *,
        owner: bytes,
        username: str,
        name: str,
        others: Sequence[bytes],
        milliseconds: int,
    ) -> dict[str, Any]:
        """What ``navigator.credentials.create()`` is called with; others: credentials that the owner has."""
        options = generate_registration_options(
            rp_id=self.site,
            rp_name=_NAME,
            user_name=username,
            user_id=owner,
            user_display_name=name,
            challenge=base64url_to_bytes(challenge),
            timeout=milliseconds,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in others],
        )
        return options_to_json_dict(options)

    def created(self, challenge: str, credential: Mapping[str, Any]) -> Created | None:
        """What the device made for that challenge, here, its person verified."""
        try:
            made = verify_registration_response(
                credential=dict(credential),
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.site,
                expected_origin=f"https://{self.site}",
                require_user_verification=True,
            )
        except _BROKEN:
            return None
        return Created(
            made.credential_id, made.credential_public_key, made.sign_count, made.credential_backed_up
        )

    def signed(
        self, challenge: str, assertion: Mapping[str, Any], public_key: bytes, count: int, owner: bytes
    ) -> int | None:
        """What the device counted when it signed that challenge, here, for ``owner``; ``count``: before."""
        try:
            handle = assertion["response"].get("userHandle")
            verified = verify_authentication_response(
                credential=dict(assertion),
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.site,
                expected_origin=f"https://{self.site}",
                credential_public_key=public_key,
                credential_current_sign_count=count,
                require_user_verification=True,
            )
            if handle is not None and base64url_to_bytes(handle) != owner:
                return None
        except _BROKEN:
            return None
        return verified.new_sign_count

    def credential_of(self, assertion: Mapping[str, Any]) -> bytes:
        """The id of the passkey that signed; empty when there is none."""
        try:
            return base64url_to_bytes(assertion["rawId"])
        except _BROKEN:
            return b""
