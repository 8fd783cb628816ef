"""Sessions, their tokens, and challenges. All state of signing in is here: any machine serves any session."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import FetchedValue, ForeignKey
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base


class Session(Base):
    """One person at one device, from signing in until leaving, locking out or expiry."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    method: Mapped[str]
    address: Mapped[IPv4Address | IPv6Address | None] = mapped_column(INET)
    opened_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    active_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    proved_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime]
    locked_at: Mapped[datetime | None]
    password_due: Mapped[bool]
    """The password was set by an administrator: another must be chosen before anything else."""
    factor_due: Mapped[bool] = mapped_column(server_default=FetchedValue())
    """One factor was shown and the policy wants two."""
    terms_due: Mapped[bool] = mapped_column(server_default=FetchedValue())
    """When it began there were terms of use that its person had not accepted."""
    second_factor: Mapped[str | None]
    """By which method a second one was shown; None: by none that is known."""
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]
    previous_at: Mapped[datetime | None]
    """When the person last signed in before this."""
    failures_before: Mapped[int]


class SessionToken(Base):
    """What a device shows for its session. The token itself is nowhere: SHA-256 of 256 random bits does."""

    __tablename__ = "session_tokens"

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"))
    kind: Mapped[str]
    pair: Mapped[UUID]
    """The access and the refresh token that were issued together."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    successor: Mapped[UUID | None]
    """The pair that a refresh token was exchanged for."""


class Challenge(Base):
    """What one attempt at signing in is tied to. Good for one answer, for a short time."""

    __tablename__ = "challenges"

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str]
    account_id: Mapped[UUID | None]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
