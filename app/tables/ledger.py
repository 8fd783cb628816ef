"""What the database keeps beside the record: earlier versions, and answers given to keys of repetition."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base


class PastVersion(Base):
    """One version of one row, the present one included: written by a trigger, by nobody else."""

    __tablename__ = "history"

    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)


class IdempotencyKey(Base):
    """A write that was done: who asked, under which key, a hash of what, and what was answered."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int | None]
    etag: Mapped[str | None]
    body: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
