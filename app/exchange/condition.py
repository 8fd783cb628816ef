"""Condition: a line of the problem list."""

from uuid import UUID

from app.domain.entries import INACTIVATED
from app.domain.problems import RESOLVED, Certainty, ProblemView
from app.exchange.codes import coded
from app.exchange.parts import HL7, Resource, concept, entry, instant, person, reference

_ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
CERTAINTY = {Certainty.CONFIRMED: "confirmed", Certainty.SUSPECTED: "provisional"}


def condition(view: ProblemView, chart: UUID) -> Resource:
    """A problem of the patient ``chart``. One that was inactivated has no clinical status any more."""
    wrong, over = view.status == INACTIVATED, view.status == RESOLVED
    certainty = "entered-in-error" if wrong else CERTAINTY[view.certainty]
    active = concept(f"{HL7}condition-clinical", "resolved" if over else "active")
    return entry(
        "Condition",
        view,
        {
            "extension": [{"url": _ASSERTED, "valueDateTime": instant(view.occurred_at)}],
            "clinicalStatus": None if wrong else active,
            "verificationStatus": concept(f"{HL7}condition-ver-status", certainty),
            "category": [concept(f"{HL7}condition-category", "problem-list-item")],
            "code": coded(view.coded),
            "subject": reference("Patient", chart),
            "encounter": reference("Encounter", view.encounter_id),
            "onsetDateTime": view.onset.isoformat() if view.onset else None,
            "abatementDateTime": view.resolved.isoformat() if over and view.resolved else None,
            "recordedDate": instant(view.recorded_at),
            "recorder": person(view.recorded_by),
        },
    )
