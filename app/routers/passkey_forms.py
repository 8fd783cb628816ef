"""WebAuthn's JSON as browsers give it (``PublicKeyCredential.toJSON()``), bounded."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from app.domain.fields import Form, Line, View
from app.routers.session_forms import Opaque

_PLAIN = r"^[A-Za-z0-9_-]+$"
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=1400, pattern=_PLAIN)]
Encoded = Annotated[str, StringConstraints(min_length=1, max_length=8000, pattern=_PLAIN)]
"""Base64url without padding."""
Attested = Annotated[str, StringConstraints(min_length=1, max_length=40_000, pattern=_PLAIN)]


class _Loose(BaseModel):
    """Browsers add members as WebAuthn grows; they are dropped."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class AssertionResponse(_Loose):
    clientDataJSON: Encoded
    authenticatorData: Encoded
    signature: Encoded
    userHandle: Identifier | None = None


class Assertion(_Loose):
    id: Identifier
    rawId: Identifier
    type: Annotated[str, StringConstraints(pattern="^public-key$")]
    response: AssertionResponse


class AttestationResponse(_Loose):
    clientDataJSON: Encoded
    attestationObject: Attested


class Attestation(_Loose):
    id: Identifier
    rawId: Identifier
    type: Annotated[str, StringConstraints(pattern="^public-key$")]
    response: AttestationResponse


class PasskeyProof(Form):
    challenge: Opaque
    assertion: Assertion


class NewPasskey(Form):
    challenge: Opaque
    label: Line
    credential: Attestation


class CreationView(View):
    challenge: str
    options: dict[str, Any]
    """For ``navigator.credentials.create()``."""


class PasskeyView(View):
    id: UUID
    label: str
    backed_up: bool
    added_at: datetime
    used_at: datetime | None
