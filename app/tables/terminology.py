"""Terminologies as they were loaded: editions, and the concepts of each."""

from datetime import datetime

from sqlalchemy import FetchedValue
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base


class TerminologyEdition(Base):
    """One edition of one terminology. Entries refer to it by ``system`` and ``edition`` for ever."""

    __tablename__ = "terminology_editions"

    terminology: Mapped[str] = mapped_column(primary_key=True)
    edition: Mapped[str] = mapped_column(primary_key=True)
    system: Mapped[str]
    source: Mapped[str]
    licence: Mapped[str]
    whole: Mapped[bool]
    loaded_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class TerminologyConcept(Base):
    """One code of one edition."""

    __tablename__ = "terminology_concepts"

    terminology: Mapped[str] = mapped_column(primary_key=True)
    edition: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    term: Mapped[str]
    active: Mapped[bool]
    sex: Mapped[str | None]
    provenance: Mapped[str]
