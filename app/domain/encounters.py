"""Encounters: what is entered and shown, and the list of patients who are here now."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from app.domain.coded import Choice, Coded
from app.domain.entries import EntryForm, EntryView
from app.domain.fields import Form, Line, Occurred, View


class EncounterKind(StrEnum):
    """Where a patient is seen; FHIR's words."""

    AMBULATORY = "ambulatory"
    EMERGENCY = "emergency"
    INPATIENT = "inpatient"


OPEN, CLOSED = "em-andamento", "encerrado"


class EncounterForm(EntryForm):
    """A contact that begins; ``encounter_id`` is the one it follows, as an admission does an emergency."""

    kind: EncounterKind
    reason: Choice
    ward: Line | None = None
    bed: Line | None = None


class Place(Form):
    """Where the patient is from now on."""

    ward: Line
    bed: Line | None = None


class Closing(Form):
    """When the contact ended: now, unless told."""

    ended_at: Occurred | None = None


class EncounterView(EntryView):
    """A contact, from ``occurred_at`` to ``ended_at``."""

    kind: EncounterKind
    coded: Coded
    ended_at: datetime | None
    ward: str | None
    bed: str | None


class PresentPatient(View):
    """A patient who is in the hospital now: where, since when, and who it is. Nothing clinical."""

    encounter_id: UUID
    patient_id: UUID
    kind: EncounterKind
    ward: str | None
    bed: str | None
    since: datetime
    name: str
    social_name: str | None
    birth: date | None
    sex: str
    identity: str
    invented: bool
