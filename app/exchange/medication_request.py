"""MedicationRequest: one line of a prescription."""

from collections.abc import Mapping
from uuid import UUID

from app.domain.entries import INACTIVATED
from app.domain.medications import MedicationStatus, MedicationView
from app.exchange.codes import coded
from app.exchange.parts import OWN, Resource, entry, instant, person, quantity, reference, said

STATUS: Mapping[str, str] = {
    MedicationStatus.ACTIVE: "active",
    MedicationStatus.SUSPENDED: "on-hold",
    MedicationStatus.ENDED: "completed",
    INACTIVATED: "entered-in-error",
}
INTENT = "order"


def medication_request(view: MedicationView, chart: UUID) -> Resource:
    """A line of a prescription for the patient ``chart``; lines written together share a group."""
    why = view.allergy_reason
    return entry(
        "MedicationRequest",
        view,
        {
            "status": STATUS[view.status],
            "intent": INTENT,
            "medicationCodeableConcept": coded(view.coded),
            "subject": reference("Patient", chart),
            "encounter": reference("Encounter", view.encounter_id),
            "authoredOn": instant(view.occurred_at),
            "requester": person(view.recorded_by),
            "reasonReference": [reference("Condition", view.problem_id)] if view.problem_id else None,
            "groupIdentifier": {"system": f"{OWN}prescricao", "value": str(view.prescription_id)},
            "note": [{"text": f"Prescrito apesar de alergia registrada: {why}"}] if why else None,
            "dosageInstruction": [_dosage(view)],
        },
    )


def dosage_text(view: MedicationView) -> str:
    """``500 mg, via oral, a cada 8 horas``, as people read it."""
    return f"{view.dose.normalize():f} {view.unit}, {view.route}, {view.frequency}"


def _dosage(view: MedicationView) -> Resource:
    ended = view.ended.isoformat() if view.ended else None
    lasts = said({"start": view.started.isoformat(), "end": ended})
    return said(
        {
            "text": dosage_text(view),
            "patientInstruction": view.instructions,
            "timing": {"repeat": {"boundsPeriod": lasts}, "code": {"text": view.frequency}},
            "route": {"text": view.route},
            "doseAndRate": [{"doseQuantity": quantity(view.dose, view.unit)}],
        }
    )
