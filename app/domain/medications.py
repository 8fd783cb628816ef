"""Prescriptions and their lines."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.domain.coded import Choice, Coded
from app.domain.entries import EntryForm, EntryView
from app.domain.fields import Amount, Day, Form, Line, Prose, Reason


class MedicationStatus(StrEnum):
    """Whether the drug is to be given."""

    ACTIVE = "ativo"
    SUSPENDED = "suspenso"
    ENDED = "encerrado"


class MedicationForm(Form):
    """One line: ``dose`` in ``unit``, by ``route``, at each ``frequency``, from a day, perhaps to a day.

    allergy_reason: why the drug is given although an allergy was recorded
    """

    drug: Choice
    dose: Annotated[Amount, Field(gt=0)]
    unit: Line
    route: Line
    frequency: Line
    instructions: Prose | None = None
    started: Day
    ended: Day | None = None
    problem_id: UUID | None = None
    allergy_reason: Reason | None = None


class PrescriptionForm(EntryForm):
    """What is prescribed at one time."""

    medications: Annotated[list[MedicationForm], Field(min_length=1, max_length=50)]


class MedicationChange(Form):
    """Suspend, resume or end a line. Another dose is another line: what was given must stay readable."""

    status: MedicationStatus
    ended: Day | None = None
    reason: Reason


class MedicationView(EntryView):
    """A line of a prescription; ``coded`` is the drug."""

    prescription_id: UUID
    problem_id: UUID | None
    coded: Coded
    dose: Decimal
    unit: str
    route: str
    frequency: str
    instructions: str | None
    started: date
    ended: date | None
    allergy_reason: str | None


class PrescriptionView(EntryView):
    """A prescription with its lines."""

    medications: list[MedicationView] = Field(default_factory=list)
