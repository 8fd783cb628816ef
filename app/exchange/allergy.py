"""AllergyIntolerance: what the patient does not tolerate, and the explicit word that there is nothing."""

from uuid import UUID

from app.domain.allergies import REFUTED, STANDING, AllergyView, DenialView, Severity
from app.domain.entries import INACTIVATED, EntryView
from app.exchange.codes import coded
from app.exchange.parts import HL7, Resource, concept, entry, instant, person, reference

ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
"""IPS 1.1.0's words for what is absent or unknown; IPS Brasil 1.0.0 is built on that edition."""
DENIED = "no-known-allergies"
CRITICALITY = {
    Severity.MILD: "low",
    Severity.MODERATE: "low",
    Severity.SEVERE: "high",
    Severity.UNKNOWN: "unable-to-assess",
}
_SEVERITY = {Severity.MILD: "mild", Severity.MODERATE: "moderate", Severity.SEVERE: "severe"}


def allergy(view: AllergyView, chart: UUID) -> Resource:
    """An allergy of the patient ``chart``."""
    made = _statement(view, chart, holds=view.status != REFUTED)
    if view.status == REFUTED:
        made["verificationStatus"] = _verified("refuted")
    made |= {"code": coded(view.coded), "criticality": CRITICALITY[view.severity]}
    if view.reaction:
        severity = _SEVERITY.get(view.severity)
        seen = {"manifestation": [{"text": view.reaction}]}
        made["reaction"] = [seen | ({"severity": severity} if severity else {})]
    return made


def denial(view: DenialView, chart: UUID) -> Resource:
    """The patient was asked and denies any allergy; no longer, once one became known."""
    made = _statement(view, chart, holds=view.status == STANDING)
    return made | {"code": concept(ABSENT, DENIED, "Nega alergias")}


def _statement(view: EntryView, chart: UUID, *, holds: bool) -> Resource:
    wrong = view.status == INACTIVATED
    status = concept(f"{HL7}allergyintolerance-clinical", "active" if holds else "inactive")
    return entry(
        "AllergyIntolerance",
        view,
        {
            "clinicalStatus": None if wrong else status,
            "verificationStatus": _verified("entered-in-error") if wrong else None,
            "patient": reference("Patient", chart),
            "encounter": reference("Encounter", view.encounter_id),
            "recordedDate": instant(view.recorded_at),
            "recorder": person(view.recorded_by),
        },
    )


def _verified(how: str) -> Resource:
    return concept(f"{HL7}allergyintolerance-verification", how)
