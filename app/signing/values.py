"""What is said of signatures, without the library that makes and reads them: that takes long to load."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.refusals import Refusal


class State(StrEnum):
    """The three that SBIS knows."""

    VALID = "valida"
    INVALID = "invalida"
    UNDETERMINED = "indeterminada"


@dataclass(frozen=True)
class Verdict:
    """One signature. ``cause``: for people, empty when valid; ``signer``: CPF, 11 digits; ``claimed``: when
    the signature says it was made."""

    state: State
    cause: str
    signer: str | None = None
    claimed: datetime | None = None


def whole(verdicts: Sequence[Verdict]) -> Verdict:
    """The document's own verdict: the worst of its signatures."""
    order = (State.INVALID, State.UNDETERMINED, State.VALID)
    return min(verdicts, key=lambda one: order.index(one.state))


@dataclass(frozen=True)
class Prepared:
    """A document that waits for its signature.

    pdf: with a hole for it, from ``start`` to ``end``
    digest: SHA-256 of everything but the hole
    attributes: what the device signs (DER of the CMS's signed attributes), by SHA-256 with the key's own
        algorithm: RSA as in PKCS #1 v1.5, or ECDSA
    """

    pdf: bytes
    digest: bytes
    start: int
    end: int
    attributes: bytes


def digest_of(pdf: bytes) -> str:
    """How a person's device names the bytes that it showed: SHA-256, hexadecimal."""
    return hashlib.sha256(pdf).hexdigest()


class CertificateRefused(Refusal):
    """The certificate cannot sign here; ``causa`` is a fixed word for programs."""

    status = 422
    kind = "certificado-recusado"
    title = "Certificado recusado"

    def __init__(self, causa: str, detail: str) -> None:
        super().__init__(detail, causa=causa)
        self.cause = causa


class SignatureRefused(CertificateRefused):
    """What the device sent is no signature of what it was given, by the certificate that it named."""

    kind = "assinatura-recusada"
    title = "Assinatura recusada"


class RevocationUnknown(Refusal):
    """Neither a current list nor an OCSP answer is at hand; what is to be signed stays on the list."""

    status = 503
    kind = "revogacao-indisponivel"
    title = "Revogação não verificada"
    detail = (
        "Não foi possível verificar se o certificado foi revogado. "
        "O documento continua pendente de assinatura."
    )
