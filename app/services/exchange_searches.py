"""What each search parameter of FHIR compares with in our tables: dates, and codes that stand for ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, DateTime, and_, cast, literal_column, true, type_coerce
from sqlalchemy.sql import func

from app.domain.allergies import REFUTED, STANDING
from app.domain.documents import DocumentState
from app.domain.entries import INACTIVATED
from app.domain.problems import RESOLVED
from app.exchange import allergy, condition, document_reference, encounter, medication_request, observation
from app.exchange.parts import HL7
from app.repositories.exchange import Sought, among, coded
from app.tables import Allergy, AllergyDenial, Document, Encounter, Medication, Note, Observation, Problem

_FHIR = "http://hl7.org/fhir/"
_FOREVER: ColumnElement[Any] = literal_column("'infinity'::timestamptz")
_ZONE: ColumnElement[Any] = literal_column("interval '-3 hours'")
"""Of :data:`app.exchange.dates.HOSPITAL`, whose days are meant."""
_DAY: ColumnElement[Any] = literal_column("interval '1 day - 1 microsecond'")
LAST_UPDATED = "_lastUpdated"


@dataclass(frozen=True)
class Span:
    """From ``begins`` to ``ends``, both included; a moment where there is no ``ends``."""

    begins: ColumnElement[Any]
    ends: ColumnElement[Any] | None = None


def recorded(table: Any, name: str) -> Mapping[str, Span]:
    """``name`` is when an entry was entered."""
    return {name: Span(table.recorded_at.expression), **_changed(table)}


def happened(table: Any, name: str) -> Mapping[str, Span]:
    """``name`` is when it happened."""
    return {name: Span(table.occurred_at.expression), **_changed(table)}


def _changed(table: Any) -> Mapping[str, Span]:
    return {LAST_UPDATED: Span(table.changed_at.expression)}


def _each(column: Any, words: Mapping[Any, str]) -> dict[str, ColumnElement[bool]]:
    """FHIR's code -> whether ``column`` holds one of our words for it."""
    return {code: column.in_([one for one in words if words[one] == code]) for code in words.values()}


_MOMENT = DateTime(timezone=True)
_onset = func.timezone(_ZONE, cast(Problem.onset, DateTime), type_=_MOMENT)
ENCOUNTER_DATES = {
    "date": Span(Encounter.occurred_at.expression, func.coalesce(Encounter.ended_at, _FOREVER)),
    **_changed(Encounter),
}
CONDITION_DATES = {
    **recorded(Problem, "recorded-date"),
    "onset-date": Span(_onset, type_coerce(_onset + _DAY, _MOMENT)),
}

ENCOUNTER: Mapping[str, Sought] = {
    "status": among(f"{_FHIR}encounter-status", _each(Encounter.status, encounter.STATUS)),
    "class": among(
        f"{HL7}v3-ActCode", _each(Encounter.kind, {one: code for one, (code, _) in encounter.CLASS.items()})
    ),
    "reason-code": coded(Encounter),
}
CONDITION: Mapping[str, Sought] = {
    "clinical-status": among(
        f"{HL7}condition-clinical",
        {
            "active": Problem.status.not_in((RESOLVED, INACTIVATED)),
            "resolved": Problem.status == RESOLVED,
        },
    ),
    "verification-status": among(
        f"{HL7}condition-ver-status",
        {
            code: and_(holds, Problem.status != INACTIVATED)
            for code, holds in _each(Problem.certainty, condition.CERTAINTY).items()
        }
        | {"entered-in-error": Problem.status == INACTIVATED},
    ),
    "category": among(f"{HL7}condition-category", {"problem-list-item": true()}),
    "code": coded(Problem),
}
_ALLERGY_STATUS = f"{HL7}allergyintolerance-clinical"
_ALLERGY_VERIFIED = f"{HL7}allergyintolerance-verification"
ALLERGY: Mapping[str, Sought] = {
    "clinical-status": among(
        _ALLERGY_STATUS,
        {"active": Allergy.status.not_in((REFUTED, INACTIVATED)), "inactive": Allergy.status == REFUTED},
    ),
    "verification-status": among(
        _ALLERGY_VERIFIED,
        {"refuted": Allergy.status == REFUTED, "entered-in-error": Allergy.status == INACTIVATED},
    ),
    "criticality": among(
        f"{_FHIR}allergy-intolerance-criticality", _each(Allergy.severity, allergy.CRITICALITY)
    ),
    "code": coded(Allergy),
}
DENIAL: Mapping[str, Sought] = {
    "clinical-status": among(
        _ALLERGY_STATUS,
        {
            "active": AllergyDenial.status == STANDING,
            "inactive": AllergyDenial.status.not_in((STANDING, INACTIVATED)),
        },
    ),
    "verification-status": among(
        _ALLERGY_VERIFIED, {"entered-in-error": AllergyDenial.status == INACTIVATED}
    ),
    "criticality": among("", {}),
    "code": among(allergy.ABSENT, {allergy.DENIED: true()}),
}
MEDICATION: Mapping[str, Sought] = {
    "status": among(
        f"{_FHIR}CodeSystem/medicationrequest-status", _each(Medication.status, medication_request.STATUS)
    ),
    "intent": among(f"{_FHIR}CodeSystem/medicationrequest-intent", {medication_request.INTENT: true()}),
    "code": coded(Medication),
}
OBSERVATION: Mapping[str, Sought] = {
    "status": among(f"{_FHIR}observation-status", _each(Observation.status, observation.STATUS)),
    "category": among(f"{HL7}observation-category", _each(Observation.category, observation.CATEGORY)),
    "code": coded(Observation),
}
_DOCUMENT_STATUS = f"{_FHIR}document-reference-status"
_NOTE_TYPES = {kind: code for kind, (code, _) in document_reference.NOTES.items() if code}
NOTE: Mapping[str, Sought] = {
    "status": among(
        _DOCUMENT_STATUS,
        {"current": Note.status != INACTIVATED, "entered-in-error": Note.status == INACTIVATED},
    ),
    "type": among(document_reference.LOINC, _each(Note.kind, _NOTE_TYPES)),
}
DOCUMENT: Mapping[str, Sought] = {
    "status": among(
        _DOCUMENT_STATUS,
        {
            "current": Document.state != DocumentState.INACTIVE,
            "entered-in-error": Document.state == DocumentState.INACTIVE,
        },
    ),
    "type": among("", {}),
}
"""A document's type stands in words alone, so no code finds it."""
