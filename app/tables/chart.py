"""What a chart consists of. Each entry belongs to one identity, for ever; its chart follows from that."""

from datetime import date, datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from sqlalchemy import Column, Numeric
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Versioned

_Number = Numeric(14, 6)


class Entry(Versioned):
    """``occurred_at`` is told by who enters it; when it was entered is ``recorded_at``."""

    __abstract__ = True

    patient_id: Mapped[UUID] = mapped_column(sort_order=-18)
    encounter_id: Mapped[UUID | None] = mapped_column(sort_order=-17)
    status: Mapped[str] = mapped_column(sort_order=-16)
    occurred_at: Mapped[datetime] = mapped_column(sort_order=-15)


class CodedColumns:
    """A terminology's entry, beside the words that were used. Only ``original`` is always there."""

    system: Mapped[str | None] = mapped_column(sort_order=-10)
    edition: Mapped[str | None] = mapped_column(sort_order=-9)
    code: Mapped[str | None] = mapped_column(sort_order=-8)
    term: Mapped[str | None] = mapped_column(sort_order=-7)
    original: Mapped[str] = mapped_column(sort_order=-6)

    @property
    def coded(self) -> Self:
        """The same columns, as views nest them."""
        return self


class Encounter(CodedColumns, Entry):
    """A contact; ``coded`` is its reason, ``encounter_id`` the one that it follows."""

    __tablename__ = "encounters"

    kind: Mapped[str]
    ended_at: Mapped[datetime | None]
    ward: Mapped[str | None]
    bed: Mapped[str | None]


class Problem(CodedColumns, Entry):
    """A line of the problem list."""

    __tablename__ = "problems"

    certainty: Mapped[str]
    onset: Mapped[date | None]
    resolved: Mapped[date | None]


class Allergy(CodedColumns, Entry):
    """What the patient does not tolerate; ``coded`` is the substance."""

    __tablename__ = "allergies"

    reaction: Mapped[str | None]
    severity: Mapped[str]


class AllergyDenial(Entry):
    """The patient said that there is none; ended by the allergy ``ended_by``."""

    __tablename__ = "allergy_denials"

    ended_by: Mapped[UUID | None]


class Prescription(Entry):
    """What somebody prescribed at one time; its lines are medications."""

    __tablename__ = "prescriptions"


class Medication(CodedColumns, Entry):
    """A line of a prescription. ``dose`` in ``unit`` at each ``frequency``."""

    __tablename__ = "medications"

    prescription_id: Mapped[UUID]
    problem_id: Mapped[UUID | None]
    dose: Mapped[Decimal] = mapped_column(_Number)
    unit: Mapped[str]
    route: Mapped[str]
    frequency: Mapped[str]
    instructions: Mapped[str | None]
    started: Mapped[date]
    ended: Mapped[date | None]
    allergy_reason: Mapped[str | None]


class Observation(CodedColumns, Entry):
    """A vital sign or a result: a number with its unit, or words. ``low`` and ``high``: its reference."""

    __tablename__ = "observations"

    category: Mapped[str]
    value: Mapped[Decimal | None] = mapped_column(_Number)
    unit: Mapped[str | None]
    words: Mapped[str | None]
    low: Mapped[Decimal | None] = mapped_column(_Number)
    high: Mapped[Decimal | None] = mapped_column(_Number)


class Note(Entry):
    """What was written down; while it is a draft, its author alone sees it."""

    __tablename__ = "notes"

    kind: Mapped[str]
    title: Mapped[str | None]
    text: Mapped[str]


class Task(Versioned):
    """Something to be done, for a person or for whoever holds a role."""

    __tablename__ = "tasks"

    patient_id: Mapped[UUID | None]
    status: Mapped[str]
    title: Mapped[str]
    details: Mapped[str | None]
    assignee: Mapped[UUID | None]
    role: Mapped[str | None]
    due_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


# Made by the database, read only in conditions: not part of what is loaded.
Note.__table__.append_column(Column("search", TSVECTOR))  # type: ignore[attr-defined]
