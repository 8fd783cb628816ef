"""The audit: entries that nobody changes, and the chain that would show it if somebody did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base


class AuditEntry(Base):
    """One thing that happened. Opaque identifiers only: no name, number or finding of a patient."""

    __tablename__ = "audit"

    entry: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    """The database's clock, whatever the service's says."""
    event: Mapped[str]
    account: Mapped[UUID | None]
    """Who; None when nobody was identified."""
    session: Mapped[UUID | None]
    address: Mapped[str | None]
    """IPv4 or IPv6 address of the device."""
    subject: Mapped[UUID | None]
    """What was done something to: an account, a note, a document."""
    patient: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)


class AuditLink(Base):
    """The place of an entry in the chain: ``hash`` covers the entry and the link before."""

    __tablename__ = "audit_chain"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry: Mapped[int] = mapped_column(BigInteger, ForeignKey("audit.entry"), unique=True)
    hash: Mapped[bytes]
    """SHA-256, 32 bytes."""
    sealed_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class AuditPending(Base):
    """An entry that has no link yet; the next sealing takes it."""

    __tablename__ = "audit_pending"

    entry: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
