"""Encounter."""

from collections.abc import Mapping
from uuid import UUID

from app.domain.encounters import CLOSED, OPEN, EncounterKind, EncounterView
from app.domain.entries import INACTIVATED
from app.exchange.codes import coded
from app.exchange.parts import HL7, Resource, coding, entry, instant, reference, said

STATUS: Mapping[str, str] = {OPEN: "in-progress", CLOSED: "finished", INACTIVATED: "entered-in-error"}
CLASS = {
    EncounterKind.AMBULATORY: ("AMB", "ambulatory"),
    EncounterKind.EMERGENCY: ("EMER", "emergency"),
    EncounterKind.INPATIENT: ("IMP", "inpatient encounter"),
}
_FOLLOWS = "http://hl7.org/fhir/StructureDefinition/encounter-associatedEncounter"


def encounter(view: EncounterView, chart: UUID) -> Resource:
    """A contact of the patient ``chart``, from its beginning to its end, where there is one."""
    follows = reference("Encounter", view.encounter_id)
    place = ", ".join(one for one in (view.ward, view.bed) if one)
    ended = instant(view.ended_at) if view.ended_at else None
    return entry(
        "Encounter",
        view,
        {
            "extension": [{"url": _FOLLOWS, "valueReference": follows}] if follows else None,
            "status": STATUS[view.status],
            "class": coding(f"{HL7}v3-ActCode", *CLASS[view.kind]),
            "subject": reference("Patient", chart),
            "period": said({"start": instant(view.occurred_at), "end": ended}),
            "reasonCode": [coded(view.coded)],
            "location": [{"location": {"display": place}}] if place else None,
        },
    )
