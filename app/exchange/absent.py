"""What a summary says where the chart holds nothing: that, in IPS 1.1.0's words, instead of a gap."""

from datetime import datetime
from uuid import UUID, uuid5

from app.exchange.allergy import ABSENT
from app.exchange.parts import HL7, Resource, concept, instant, reference


def problems(chart: UUID) -> Resource:
    """Nobody entered a problem; whether there is none, nobody said."""
    return {
        "resourceType": "Condition",
        "id": str(uuid5(chart, "no-problem-info")),
        "clinicalStatus": concept(f"{HL7}condition-clinical", "active"),
        "code": concept(ABSENT, "no-problem-info", "Sem informação sobre problemas"),
        "subject": reference("Patient", chart),
    }


def allergies(chart: UUID) -> Resource:
    """Nobody asked the patient about allergies, as far as the chart knows."""
    return {
        "resourceType": "AllergyIntolerance",
        "id": str(uuid5(chart, "no-allergy-info")),
        "clinicalStatus": concept(f"{HL7}allergyintolerance-clinical", "active"),
        "code": concept(ABSENT, "no-allergy-info", "Sem informação sobre alergias"),
        "patient": reference("Patient", chart),
    }


def medications(chart: UUID, now: datetime) -> Resource:
    """Nothing is prescribed here; what the patient takes at home, nobody said."""
    return {
        "resourceType": "MedicationStatement",
        "id": str(uuid5(chart, "no-medication-info")),
        "status": "unknown",
        "medicationCodeableConcept": concept(
            ABSENT, "no-medication-info", "Sem informação sobre medicamentos"
        ),
        "subject": reference("Patient", chart),
        "effectiveDateTime": instant(now),
    }
