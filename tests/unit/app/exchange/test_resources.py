"""Whatever the record holds, what is made of it is FHIR, and says no more and no less."""

import importlib
import inspect
from base64 import b64decode
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from fhirclient.models.fhirabstractbase import FHIRAbstractBase  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.allergies import REFUTED
from app.domain.entries import INACTIVATED
from app.domain.notes import FINAL
from app.domain.problems import RESOLVED
from app.exchange.allergy import allergy, denial
from app.exchange.audit_event import audit_event
from app.exchange.condition import condition
from app.exchange.document_reference import document, note
from app.exchange.encounter import encounter
from app.exchange.medication_request import medication_request
from app.exchange.observation import observation
from app.exchange.parts import number
from app.exchange.patient import CNS, CPF, patient
from app.exchange.provenance import VersionMade, provenance, version_of
from tests.unit.app.exchange import values
from tests.unit.app.exchange.judges import judge
from tests.unit.app.exchange.values import PHASES

MAPPERS: dict[str, tuple[Callable[[Any, UUID], Any], st.SearchStrategy[Any]]] = {
    "encounter": (encounter, values.encounters),
    "condition": (condition, values.problems),
    "allergy": (allergy, values.allergies),
    "denial": (denial, values.denials),
    "medication": (medication_request, values.medications),
    "observation": (observation, values.observations),
    "note": (note, values.notes),
    "document": (document, values.documents),
}
few = settings(max_examples=12, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
EMITTED = (
    *("Patient", "Encounter", "Condition", "AllergyIntolerance", "MedicationRequest", "Observation"),
    *("DocumentReference", "Provenance", "AuditEvent", "Bundle", "Composition", "MedicationStatement"),
    *("CapabilityStatement", "OperationOutcome", "Device", "Organization", "Binary"),
)
TYPES = (
    *("Identifier", "HumanName", "Address", "ContactPoint", "CodeableConcept", "Coding", "Quantity"),
    *("Range", "Period", "Attachment", "Reference", "Meta", "Narrative", "Dosage", "Timing", "Annotation"),
)


@pytest.mark.parametrize("name", MAPPERS)
@given(data=st.data())
@few
def test_an_entry_becomes_a_resource_that_both_judges_take(name: str, data: st.DataObject) -> None:
    mapper, views = MAPPERS[name]
    view = data.draw(views)
    made = mapper(view, values.CHART)
    judge(made)
    assert (made["id"], made["meta"]["versionId"]) == (str(view.id), str(view.version))
    assert f"Patient/{values.CHART}" in (
        made.get("subject", {}).get("reference"),
        made.get("patient", {}).get("reference"),
    )


@given(values.patients)
@few
def test_a_patient_has_the_identifiers_of_ips_brasil(view: Any) -> None:
    made = patient(view)
    judge(made)
    found = {
        one["system"]: (one["value"], one["type"]["coding"][0]["code"]) for one in made.get("identifier", [])
    }
    assert found.get(CPF) == ((view.cpf, "TAX") if view.cpf else None)
    assert found.get(CNS) == ((view.cns, "HC") if view.cns else None)
    assert (CPF, CNS) == ("https://saude.gov.br/fhir/sid/cpf", "https://saude.gov.br/fhir/sid/cns")
    assert made["active"] is (view.chart_id == view.id)


@given(values.audit_lines)
@few
def test_a_row_of_the_audit_names_nobody(line: Any) -> None:
    made = audit_event(line, "Prontuário 1")
    judge(made)
    assert made["subtype"][-1]["code"] == line.event
    assert "name" not in str(made["agent"])


@given(
    st.builds(
        VersionMade,
        kind=st.sampled_from(EMITTED[:7]),
        id=values.uuids,
        version=values.versions,
        made_at=values.moments,
        made_by=values.uuids,
        reason=st.none() | values.lines,
        inactivated=st.booleans(),
        occurred_at=st.none() | values.moments,
    )
)
@few
def test_a_version_tells_who_made_it_of_what(one: VersionMade) -> None:
    made = provenance(one)
    judge(made)
    assert version_of(made["id"]) == (one.id, one.version)
    assert ("entity" in made) is (one.version > 1)


@settings(deadline=None)
@given(st.text(max_size=60) | st.builds("{}.{}".format, values.uuids, st.text(max_size=12)))
def test_what_names_a_version_names_only_that_one(text: str) -> None:
    found = version_of(text)
    if found is not None:
        identity, version = text.split(".")
        assert found == (UUID(identity), int(version))


@given(values.problems)
@few
def test_conditions_keep_the_rules_between_their_elements(view: Any) -> None:
    made = condition(view, values.CHART)
    wrong = view.status == INACTIVATED
    assert ("clinicalStatus" not in made) is wrong  # con-5
    if "abatementDateTime" in made:  # con-4
        assert view.status == RESOLVED


@given(values.allergies | values.denials)
@few
def test_allergies_keep_the_rules_between_their_elements(view: Any) -> None:
    made = (allergy if hasattr(view, "coded") else denial)(view, values.CHART)
    assert ("clinicalStatus" not in made) is (view.status == INACTIVATED)  # ait-1, ait-2
    if view.status == REFUTED:
        assert made["verificationStatus"]["coding"][0]["code"] == "refuted"


@settings(deadline=None)
@given(st.decimals(Decimal("-99999999"), Decimal("99999999"), places=6))
def test_no_digit_of_a_number_is_lost(value: Decimal) -> None:
    assert Decimal(repr(number(value))) == value


@given(values.observations)
@few
def test_only_a_final_result_looks_final(view: Any) -> None:
    status = observation(view, values.CHART)["status"]
    assert (status == "preliminary") is view.partial
    assert (status == "entered-in-error") is view.struck_through


@given(values.notes)
@few
def test_a_corrected_note_says_that_it_is_one(view: Any) -> None:
    made = note(view, values.CHART)
    assert (made["docStatus"] == "amended") is (view.status == FINAL and view.change_reason is not None)
    assert b64decode(made["content"][0]["attachment"]["data"]).decode() == view.text


@pytest.mark.parametrize("kind", EMITTED)
def test_r4_and_r4b_have_the_same_elements(kind: str) -> None:
    compare(f"fhirclient.models.{kind.lower()}", f"fhir.resources.R4B.{kind.lower()}")


@pytest.mark.parametrize("kind", TYPES)
def test_r4_and_r4b_have_the_same_types(kind: str) -> None:
    compare(f"fhirclient.models.{kind.lower()}", f"fhir.resources.R4B.{kind.lower()}")


def compare(r4: str, r4b: str) -> None:
    """Every class of one module has the elements of its namesake in the other."""
    one, other = importlib.import_module(r4), importlib.import_module(r4b)
    classes = [
        found
        for found in vars(one).values()
        if inspect.isclass(found) and issubclass(found, FHIRAbstractBase) and found.__module__ == r4
    ]
    assert classes
    for found in classes:
        ours = {element[1] for element in found().elementProperties()}
        theirs = {
            described.alias or name
            for name, described in getattr(other, found.__name__).model_fields.items()
            if not name.endswith("__ext")
        }
        assert ours == theirs - {"fhir_comments", "resourceType", "resource_type"}, found.__name__
