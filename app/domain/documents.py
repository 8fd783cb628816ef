"""What is sent and shown of documents and their signatures."""

from base64 import b64decode
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.domain.fields import Form, Line, Occurred, Reason, View
from app.domain.refusals import Conflict, Rule
from app.domain.rendering import SourceView
from app.signing.values import State as SignatureState


class DocumentKind(StrEnum):
    """What the document is to its readers."""

    EXAM = "exame"
    REPORT = "laudo"
    REFERRAL = "encaminhamento"
    CONSENT = "termo-de-consentimento"
    PRESCRIPTION = "receita"
    CERTIFICATE = "atestado"
    NOTE = "evolucao"
    OTHER = "outro"


class DocumentState(StrEnum):
    """Of a document."""

    WAITING = "aguardando"
    ACTIVE = "ativo"
    INACTIVE = "inativo"


class DocumentDamaged(Conflict):
    """What the store holds is not what was stored."""

    kind = "documento-adulterado"
    title = "Documento adulterado ou perdido"
    detail = "O conteúdo guardado não é o original. Avise a equipe de TI; a ocorrência foi registrada."


class NoContent(Conflict):
    kind = "documento-sem-conteudo"
    title = "Documento sem conteúdo"
    detail = "O conteúdo deste documento ainda não foi enviado, ou o documento foi inativado."


class DocumentForm(Form):
    """A document that is about to be sent."""

    kind: DocumentKind
    title: Line
    occurred_at: Occurred


class DocumentView(View):
    """``sha256`` in hexadecimal, once the content is there; ``source``: what it was rendered from, if so."""

    id: UUID
    version: int
    patient_id: UUID
    kind: DocumentKind
    title: str
    occurred_at: datetime
    recorded_at: datetime
    recorded_by: UUID
    changed_at: datetime
    state: DocumentState
    media_type: str | None
    size: int | None
    sha256: str | None = None
    change_reason: str | None
    source: SourceView | None = None


class Inactivation(Form):
    """Why a document no longer counts."""

    reason: Reason


def _base64(text: str) -> str:
    try:
        b64decode(text, validate=True)
    except ValueError:
        raise Rule("não está em base64") from None
    return text


Base64 = Annotated[str, StringConstraints(min_length=4, max_length=20_000), AfterValidator(_base64)]


class SignatureRequestView(View):
    """A signature that is due. ``document_sha256`` names the bytes that are to be seen and signed."""

    id: UUID
    version: int
    patient_id: UUID
    document_id: UUID
    account_id: UUID
    state: str
    recorded_at: datetime
    document_sha256: str | None = None
    to_sign: str | None = None
    """Base64: what the device signs with SHA-256 and its own key (RSA as in PKCS #1 v1.5, or ECDSA)."""


class Preparation(Form):
    """``certificate``: DER in base64; ``seen_sha256``: of the preview, as the signer's device computed it."""

    certificate: Base64
    seen_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Signature(Form):
    """What the device made of ``to_sign``, in base64."""

    value: Base64


class SignatureView(View):
    """One signature in a document, and what it is worth now."""

    state: SignatureState
    cause: str
    claimed_at: datetime | None
    account_id: UUID | None = None


class SignaturesView(View):
    """``state``: the document's own, which is the worst of its signatures'."""

    state: SignatureState
    cause: str
    checked_at: datetime
    signatures: list[SignatureView] = Field(default_factory=list)


class ChainView(View):
    """A patient's signed documents in their order: whether none was changed, removed or moved."""

    whole: bool
    links: int
    first_fault: int | None
