"""What people prove themselves with beside a password. No row is deleted; a face's numbers are."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, FetchedValue, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base


class Passkey(Base):
    """The public half of a WebAuthn credential; the device keeps the other behind a face, finger or PIN."""

    __tablename__ = "passkeys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    credential: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    """COSE_Key."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """What the device said last; it may stay 0, and otherwise only grows."""
    label: Mapped[str]
    backed_up: Mapped[bool]
    added_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Face(Base):
    """What a model makes of somebody's face, sealed, as long as they agree to it; then nothing of it."""

    __tablename__ = "faces"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    sealed: Mapped[bytes | None]
    model: Mapped[str]
    """SHA-256 of the network whose numbers these are."""
    terms: Mapped[str]
    """The text that its owner agreed to."""
    agreed_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    used_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default=FetchedValue())
    """Towards the lock."""
    locked_until: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ProviderLink(Base):
    """Who, of the people an identity provider knows, an account belongs to."""

    __tablename__ = "provider_links"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    issuer: Mapped[str]
    subject: Mapped[str]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    linked_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    unlinked_at: Mapped[datetime | None]
