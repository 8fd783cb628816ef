"""The shapes of the public example bundles: what they say of each resource, ours say too.

Compared with RNDS's examples of a clinical encounter (``bundle-example-rac-1`` and ``-2`` of the guide
br.gov.saude.rac.fhir). Only the names of elements stand here; the bundles are their publishers'. What a chart
of ours does not hold is listed too, so that nobody takes the one for the other.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.domain.allergies import AllergyView, Severity
from app.domain.coded import Coded
from app.domain.encounters import EncounterKind, EncounterView
from app.domain.medications import MedicationView
from app.domain.observations import Category, ObservationView
from app.domain.problems import Certainty, ProblemView
from app.exchange.allergy import allergy
from app.exchange.condition import condition
from app.exchange.encounter import encounter
from app.exchange.medication_request import medication_request
from app.exchange.observation import observation
from tests.unit.app.exchange.judges import judge

AT = datetime(2026, 1, 2, 13, 30, tzinfo=UTC)
ENTRY: dict[str, Any] = {
    **{"id": UUID(int=1), "version": 2, "patient_id": UUID(int=2), "encounter_id": UUID(int=3)},
    **{"recorded_at": AT, "recorded_by": UUID(int=4), "occurred_at": AT},
    **{"changed_at": AT, "changed_by": UUID(int=4), "change_reason": None},
}
CID10 = Coded(
    system="http://www.saude.gov.br/fhir/r4/CodeSystem/BRCID10",
    **{
        "edition": "2019",
        "code": "I859",
        "term": "Varizes esofagianas sem sangramento",
        "original": "Varizes",
    },
)
LOINC = Coded(
    system="http://loinc.org",
    **{"edition": "2.78", "code": "8480-6", "term": "Pressão arterial sistólica", "original": "PAS"},
)
CHART = UUID(int=5)
MADE = {
    "Encounter": encounter(
        EncounterView(
            **ENTRY,
            **{"status": "encerrado", "kind": EncounterKind.INPATIENT, "coded": CID10, "ended_at": AT},
            **{"ward": "UTI", "bed": "3"},
        ),
        CHART,
    ),
    "Condition": condition(
        ProblemView(
            **ENTRY,
            **{"status": "ativo", "coded": CID10, "certainty": Certainty.CONFIRMED, "resolved": None},
            onset=date(2020, 5, 17),
        ),
        CHART,
    ),
    "AllergyIntolerance": allergy(
        AllergyView(**ENTRY, status="ativa", coded=CID10, reaction="urticária", severity=Severity.SEVERE),
        CHART,
    ),
    "MedicationRequest": medication_request(
        MedicationView(
            **ENTRY,
            **{"status": "ativo", "coded": CID10, "unit": "mg", "route": "oral", "frequency": "12/12 h"},
            **{"prescription_id": UUID(int=6), "problem_id": None, "dose": Decimal("50.000000")},
            **{
                "instructions": "Em jejum",
                "started": date(2026, 1, 2),
                "ended": None,
                "allergy_reason": "Sem outra",
            },
        ),
        CHART,
    ),
    "Observation": observation(
        ObservationView(
            **ENTRY,
            **{"status": "final", "category": Category.VITAL_SIGN, "coded": LOINC, "value": Decimal("182.0")},
            **{"unit": "mm[Hg]", "words": None, "low": None, "high": Decimal(140)},
        ),
        CHART,
    ),
}
SHAPES = {
    "Encounter": "status class.system class.code subject.reference period.start period.end location.location",
    "Condition": (
        "clinicalStatus.coding.system clinicalStatus.coding.code category.coding.system category.coding.code "
        "code.coding.system code.coding.code subject.reference onsetDateTime"
    ),
    "AllergyIntolerance": (
        "clinicalStatus.coding.code code.coding.system code.coding.code patient.reference criticality "
        "reaction.manifestation reaction.severity"
    ),
    "MedicationRequest": (
        "status intent subject.reference authoredOn requester.identifier note.text dosageInstruction.text "
        "dosageInstruction.timing.repeat dosageInstruction.doseAndRate.doseQuantity.value "
        "dosageInstruction.route"
    ),
    "Observation": (
        "status code.coding.system code.coding.code subject.reference issued valueQuantity.value "
        "valueQuantity.unit valueQuantity.system valueQuantity.code category.coding.code effectiveDateTime"
    ),
}
MISSING = {
    "Encounter": "priority participant diagnosis hospitalization serviceProvider",
    "Condition": "note",
    "AllergyIntolerance": "category note onsetDateTime verificationStatus",
    "MedicationRequest": "dispenseRequest medicationReference recorder",
    "Observation": "bodySite method",
}


def paths(part: Any, before: str = "") -> Iterator[str]:
    """Every element, as ``code.coding.system``."""
    for one in part if isinstance(part, list) else [part]:
        if isinstance(one, dict):
            for name, value in one.items():
                yield f"{before}{name}"
                yield from paths(value, f"{before}{name}.")


@pytest.mark.parametrize("kind", SHAPES)
def test_what_the_examples_say_of_a_resource_ours_say_too(kind: str) -> None:
    judge(MADE[kind])
    there = set(paths(MADE[kind]))
    assert set(SHAPES[kind].split()) - there == set()
    assert set(MISSING[kind].split()) & there == set()


def test_numbers_and_words_stand_as_people_read_them() -> None:
    [line] = MADE["MedicationRequest"]["dosageInstruction"]
    assert (line["text"], line["doseAndRate"][0]["doseQuantity"]["value"]) == ("50 mg, oral, 12/12 h", 50)
    assert MADE["Observation"]["valueQuantity"]["value"] == 182
    assert MADE["Observation"]["interpretation"][0]["coding"][0]["code"] == "H"
    assert MADE["Observation"]["effectiveDateTime"] == "2026-01-02T13:30:00+00:00"
