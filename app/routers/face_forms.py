"""What is sent and answered around a face. The picture travels in the body and shows in no log."""

import binascii
from base64 import b64decode
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from app.domain.faces import CONSENT, LARGEST, LIMITS, TERMS, FaceRefused
from app.domain.fields import Form, Line, View
from app.routers.session_forms import Opaque
from app.tables import Face

_LONGEST = (LARGEST + 2) // 3 * 4
Picture = Annotated[SecretStr, Field(min_length=4, max_length=_LONGEST)]
"""A JPEG or PNG in base64."""


class FaceProof(Form):
    challenge: Opaque
    picture: Picture


class NewFace(FaceProof):
    terms: Line
    """The name of the text that the person read (``GET /session/face``)."""
    agreed: Literal[True]
    """Said by the person, for this use alone; never filled in beforehand."""


class FaceShownView(View):
    limits: str = LIMITS
    """What this did not prove, in words for whoever decides what it is enough for."""


class FaceView(View):
    available: bool
    """Whether this service can compare faces at all."""
    enrolled: bool
    enrolled_at: datetime | None
    used_at: datetime | None
    terms: str = TERMS
    consent: str = CONSENT
    limits: str = LIMITS

    @classmethod
    def of(cls, kept: Face | None, *, available: bool) -> "FaceView":
        return cls(
            available=available,
            enrolled=kept is not None,
            enrolled_at=kept.agreed_at if kept else None,
            used_at=kept.used_at if kept else None,
        )


def pixels(picture: SecretStr) -> bytes:
    """The file that was sent. Raises FaceRefused."""
    try:
        return b64decode(picture.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise FaceRefused("imagem", "A imagem não pôde ser lida. Envie uma foto em JPEG ou PNG.") from None
