"""Allergies, and the explicit word that there are none."""

from enum import StrEnum

from app.domain.coded import Choice, Coded
from app.domain.entries import EntryForm, EntryView
from app.domain.fields import Form, Line, Reason

ACTIVE, REFUTED = "ativa", "refutada"
STANDING, ENDED = "vigente", "encerrada"


class Severity(StrEnum):
    """How bad the worst reaction was; ``grave`` could have killed."""

    MILD = "leve"
    MODERATE = "moderada"
    SEVERE = "grave"
    UNKNOWN = "desconhecida"


class AllergyForm(EntryForm):
    """What the patient does not tolerate."""

    substance: Choice
    reaction: Line | None = None
    severity: Severity = Severity.UNKNOWN


class AllergyChange(Form):
    """The allergy as it is now known; ``refuted`` when a test or a person showed that it is none."""

    reaction: Line | None = None
    severity: Severity
    refuted: bool = False
    reason: Reason


class DenialForm(EntryForm):
    """The patient (or who speaks for them) was asked and denies any allergy."""


class AllergyView(EntryView):
    """An allergy; ``coded`` is the substance."""

    coded: Coded
    reaction: str | None
    severity: Severity


class DenialView(EntryView):
    """``vigente`` until an allergy becomes known."""


class Allergies(StrEnum):
    """What is known of a patient's allergies as a whole; never left blank."""

    KNOWN = "alergias"
    DENIED = "nega-alergias"
    NOT_ASKED = "nao-informado"
