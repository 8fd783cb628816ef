"""The patient summary from the real records: what is active, what is denied, and what nobody knows."""

from typing import Any
from uuid import uuid4

import pytest

from app.database.connection import DATABASE
from tests.records.fhir import DIPYRONE, ask, full_chart, read, refusal
from tests.records.hospital import Hospital
from tests.records.server import Server
from tests.unit.app.exchange.test_summary import entries, references, sections

ALLERGIES, PROBLEMS, MEDICATIONS, RESULTS, VITAL_SIGNS = "48765-2", "11450-4", "10160-0", "30954-2", "8716-3"


def summary(ward: Hospital, patient: object) -> Any:
    """The document, as a nurse gets it."""
    return read(ward, ward.nurse, f"Patient/{patient}/$summary")


def codes(made: Any, section: str) -> list[str]:
    """The codes of a section's entries."""
    return [one["code"]["coding"][0]["code"] for one in entries(made, section)]


@pytest.mark.sbis("NGS1.07.03", "a summary that leaves the record is an export in the audit")
def test_a_summary_holds_what_is_active_and_refers_to_nothing_outside(
    ward: Hospital, ward_server: Server
) -> None:
    patient, ids = full_chart(ward)
    made = summary(ward, patient)
    columns = "event, patient, detail ->> 'kind'"
    row = ward_server.sql(DATABASE, f"SELECT {columns} FROM audit ORDER BY entry DESC LIMIT 1")  # noqa: S608
    assert row == f"registro.exportado|{patient}|fhir:summary"
    shape = [one["resource"]["resourceType"] for one in made["entry"]]
    assert shape[:4] == ["Composition", "Patient", "Device", "Organization"]
    assert set(references(made)) <= {one["fullUrl"] for one in made["entry"]}
    for section, kind in (
        (PROBLEMS, "Condition"),
        (ALLERGIES, "AllergyIntolerance"),
        (MEDICATIONS, "MedicationRequest"),
        (VITAL_SIGNS, "Observation"),
    ):
        assert [one["id"] for one in entries(made, section)] == [ids[kind]]
    [culture] = entries(made, RESULTS)
    assert culture["status"] == "preliminary"
    assert "resultado preliminar" in sections(made)[RESULTS]["text"]["div"]
    assert summary(ward, patient)["identifier"] != made["identifier"]


@pytest.mark.sbis("ECF.07.06", "that somebody denies allergies is exchanged as such, and not as a gap")
def test_nobody_asked_denied_and_known_are_three_answers(ward: Hospital) -> None:
    patient = ward.patient()
    made = summary(ward, patient)
    assert codes(made, ALLERGIES) == ["no-allergy-info"]
    assert codes(made, PROBLEMS) == ["no-problem-info"]
    assert (
        entries(made, MEDICATIONS)[0]["medicationCodeableConcept"]["coding"][0]["code"]
        == "no-medication-info"
    )
    assert not {RESULTS, VITAL_SIGNS} & set(sections(made))
    ward.made(ward.nurse, f"/patients/{patient}/allergy-denials", {})
    assert codes(summary(ward, patient), ALLERGIES) == ["no-known-allergies"]
    listed = read(ward, ward.nurse, f"AllergyIntolerance?patient={patient}")["entry"]
    assert [one["resource"]["code"]["coding"][0]["code"] for one in listed] == ["no-known-allergies"]
    ward.made(ward.physician, f"/patients/{patient}/allergies", DIPYRONE)
    [known] = entries(summary(ward, patient), ALLERGIES)
    assert (known["code"], known["criticality"]) == ({"text": "Dipirona"}, "high")
    statuses = {
        one["resource"]["clinicalStatus"]["coding"][0]["code"]
        for one in read(ward, ward.nurse, f"AllergyIntolerance?patient={patient}")["entry"]
    }
    assert statuses == {"active", "inactive"}


def test_only_what_was_measured_last_is_summed_up(ward: Hospital) -> None:
    patient = ward.patient()
    for day in (3, 1, 2):
        what = {"terminology": "loinc", "code": "8480-6"}
        one = {"what": what, "category": "sinal-vital", "value": str(100 + day), "unit": "mm[Hg]"}
        form = {"observations": [one], "occurred_at": f"2026-01-0{day}T12:00:00Z"}
        ward.made(ward.nurse, f"/patients/{patient}/observations", form)
    [last] = entries(summary(ward, patient), VITAL_SIGNS)
    assert last["valueQuantity"]["value"] == 103


def test_what_is_over_or_wrong_is_left_out(ward: Hospital) -> None:
    patient, ids = full_chart(ward)
    why = {"reason": "Registrado no paciente errado"}
    assert (
        ward.ask(
            ward.physician, "POST", f"/allergies/{ids['AllergyIntolerance']}/inactivate", why, version=1
        ).status_code
        == 200
    )
    over = {"certainty": "confirmado", "resolved": "2026-02-01", "reason": "Resolvido na alta"}
    assert (
        ward.ask(ward.physician, "PUT", f"/problems/{ids['Condition']}", over, version=1).status_code == 200
    )
    made = summary(ward, patient)
    assert (codes(made, ALLERGIES), codes(made, PROBLEMS)) == (["no-allergy-info"], ["no-problem-info"])


def test_nobody_has_no_summary(ward: Hospital) -> None:
    for unknown in (uuid4(), "42"):
        assert refusal(ask(ward, ward.nurse, f"Patient/{unknown}/$summary")) == (404, "not-found")
