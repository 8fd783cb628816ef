"""What patients decide of their data, and what the law holds against it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import FetchedValue, ForeignKey, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Versioned


class Consent(Base):
    """A decision as it was made, for ever; what ends it is a row of its own."""

    __tablename__ = "consents"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    purpose: Mapped[str]
    decision: Mapped[str]
    occurred_at: Mapped[datetime]
    representative: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    recorded_by: Mapped[UUID]


class ConsentRevocation(Base):
    """The end of a consent."""

    __tablename__ = "consent_revocations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    consent_id: Mapped[UUID] = mapped_column(ForeignKey("consents.id"), unique=True)
    occurred_at: Mapped[datetime]
    reason: Mapped[str]
    representative: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    recorded_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    recorded_by: Mapped[UUID]


class Restriction(Versioned):
    """A chart that its patient closed to some ``accounts`` and ``roles``; open again from ``ended_at``."""

    __tablename__ = "restrictions"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    occurred_at: Mapped[datetime]
    reason: Mapped[str]
    accounts: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    ended_at: Mapped[datetime | None]


class LegalHold(Versioned):
    """An order to keep everything of a patient until ``ended_at``."""

    __tablename__ = "legal_holds"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    authority: Mapped[str]
    process: Mapped[str]
    reason: Mapped[str]
    ended_at: Mapped[datetime | None]


class ErasureRequest(Base):
    """A wish to be erased, and what the law says to it: ``decision``, ``cause``, kept until when."""

    __tablename__ = "erasure_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    occurred_at: Mapped[datetime]
    representative: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    decision: Mapped[str]
    cause: Mapped[str]
    keep_until: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    recorded_by: Mapped[UUID]
