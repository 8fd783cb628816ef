"""Terms of use as they were published, and who accepted which of them: written once, for ever."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import FetchedValue, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base


class Terms(Base):
    """One version of the terms; the highest number holds."""

    __tablename__ = "terms"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    number: Mapped[int] = mapped_column(unique=True)
    text: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    published_by: Mapped[UUID]


class TermsAcceptance(Base):
    """A person accepted one version, in one session."""

    __tablename__ = "terms_acceptances"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    terms_id: Mapped[UUID] = mapped_column(ForeignKey("terms.id"), primary_key=True)
    session_id: Mapped[UUID]
    accepted_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
