"""Who the patients are, which of them may be one person, and which were declared to be."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.tables.base import Versioned


class Patient(Versioned):
    """One identity. ``chart_id`` is the patient whose chart this one belongs to: itself, unless merged.

    merged_into: the identity that this one was merged into, itself perhaps merged on
    address: the fields of ``app.domain.patients.Address``
    """

    __tablename__ = "patients"

    chart_id: Mapped[UUID]
    merged_into: Mapped[UUID | None]
    identity: Mapped[str]
    name: Mapped[str]
    social_name: Mapped[str | None]
    description: Mapped[str | None]
    mother: Mapped[str | None]
    birth: Mapped[date | None]
    sex: Mapped[str]
    gender_identity: Mapped[str | None]
    race_colour: Mapped[str | None]
    cpf: Mapped[str | None]
    cns: Mapped[str | None]
    phone: Mapped[str | None]
    address: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    occupation: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    invented: Mapped[bool] = mapped_column(default=False)


class DuplicateProposal(Versioned):
    """Two identities that may be one person, for somebody to decide. ``first_id`` is the smaller one.

    score: 0 to 1
    reasons: what agrees, as fixed words
    """

    __tablename__ = "duplicate_proposals"

    first_id: Mapped[UUID]
    second_id: Mapped[UUID]
    score: Mapped[float]
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    state: Mapped[str]


class PatientMerge(Versioned):
    """One declaration that ``merged_id`` is the person ``kept_id``; undone when ``undone_at`` is set."""

    __tablename__ = "patient_merges"

    kept_id: Mapped[UUID]
    merged_id: Mapped[UUID]
    undone_at: Mapped[datetime | None]


# Made by the database, read only in conditions: not part of what is loaded.
Patient.__table__.append_column(Column("search", TSVECTOR))  # type: ignore[attr-defined]
