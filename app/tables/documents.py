"""Documents of the record: what is known of them; their content lies sealed in the object store."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Versioned


class Document(Versioned):
    """One document. ``digest`` (SHA-256), ``size`` and ``object`` (the store's name) come later.

    source_*: table, id and version of the entry that it was rendered from; it is the only one of that version
    """

    __tablename__ = "documents"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    kind: Mapped[str]
    title: Mapped[str]
    occurred_at: Mapped[datetime]
    state: Mapped[str]
    media_type: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    digest: Mapped[bytes | None]
    object: Mapped[str | None]
    source_kind: Mapped[str | None]
    source_id: Mapped[UUID | None]
    source_version: Mapped[int | None]

    @property
    def source(self) -> dict[str, Any] | None:
        """The same columns, as views nest them."""
        if self.source_kind is None:
            return None
        return {"kind": self.source_kind, "id": self.source_id, "version": self.source_version}


class SignatureRequest(Versioned):
    """That ``account_id`` is to sign a document. ``attempt``: what was given to their device to sign."""

    __tablename__ = "signature_requests"

    patient_id: Mapped[UUID]
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"))
    account_id: Mapped[UUID]
    state: Mapped[str]
    attempt: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class SignedDocument(Base):
    """A signed form of a document, and its place in the patient's chain of them."""

    __tablename__ = "signed_documents"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    patient_id: Mapped[UUID]
    position: Mapped[int]
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"))
    account_id: Mapped[UUID]
    object: Mapped[str]
    digest: Mapped[bytes]
    signed_at: Mapped[datetime]
    hash: Mapped[bytes]
    """SHA-256 over this row and the hash before."""
