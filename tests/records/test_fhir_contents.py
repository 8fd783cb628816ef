"""What is exchanged in FHIR of results, notes, documents and patients: no more and no less than is true."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.settings import Settings
from app.storage.objects import Objects
from tests.records.fhir import TYPE, ask, found, full_chart, last_row, read, refusal, sought
from tests.records.hospital import ANA, Hospital
from tests.records.server import Server
from tests.unit.app.signing.test_signing import PDF

CPF = "https://saude.gov.br/fhir/sid/cpf"


@pytest.fixture(scope="module")
def ward(ward_settings: Settings) -> Iterator[Hospital]:
    """A service that keeps documents too."""
    with Hospital(ward_settings, Objects.in_memory()) as one:
        yield one


@pytest.mark.sbis("ECF.17.07", "values are exchanged with their units, partial results as such")
def test_a_partial_result_is_preliminary_until_it_is_final(ward: Hospital) -> None:
    patient, _ = full_chart(ward)
    [culture] = found(ward, ward.nurse, f"Observation?patient={patient}&category=laboratory")
    assert (culture["status"], culture["valueString"]) == ("preliminary", "Em crescimento")
    path = f"/observations/{culture['id']}"
    for version, status in ((1, "final"), (2, "corrigido")):
        change = {"words": "Staphylococcus aureus", "status": status, "reason": "Laudo do laboratório"}
        answer = ward.ask(ward.physician, "PUT", path, change, version=version)
        assert answer.status_code == 200, answer.text
    now = read(ward, ward.nurse, f"Observation/{culture['id']}")
    assert (now["status"], now["meta"]["versionId"]) == ("corrected", "3")
    statuses = [
        read(ward, ward.nurse, f"Observation/{culture['id']}/_history/{n}")["status"] for n in (1, 2, 3)
    ]
    assert statuses == ["preliminary", "final", "corrected"]
    [vital] = found(ward, ward.nurse, f"Observation?patient={patient}&category=vital-signs")
    assert vital["valueQuantity"] == {
        **{"value": 182, "unit": "mm[Hg]", "code": "mm[Hg]"},
        "system": "http://unitsofmeasure.org",
    }
    assert vital["interpretation"][0]["coding"][0]["code"] == "H"


@pytest.mark.sbis("NGS1.12.01", "a correction is exchanged with its reason, and the version before stays")
def test_a_corrected_note_is_amended_and_its_provenance_says_why(ward: Hospital) -> None:
    patient, ids = full_chart(ward)
    note = ids["DocumentReference"]
    body = {"text": "Paciente instável.", "reason": "Digitação"}
    assert ward.ask(ward.physician, "PUT", f"/notes/{note}", body, version=1).status_code == 200
    assert read(ward, ward.nurse, f"DocumentReference/{note}")["docStatus"] == "amended"
    assert read(ward, ward.nurse, f"DocumentReference/{note}/_history/1")["docStatus"] == "final"
    first, second = found(ward, ward.nurse, f"Provenance?target=DocumentReference/{note}")
    assert [one["activity"]["coding"][0]["code"] for one in (first, second)] == ["CREATE", "UPDATE"]
    assert second["reason"] == [{"text": "Digitação"}]
    assert second["agent"][0]["who"]["identifier"]["value"] == str(ward.physician.account)
    assert second["entity"][0]["what"]["reference"] == f"DocumentReference/{note}/_history/1"
    assert read(ward, ward.nurse, f"Provenance/{second['id']}") == second
    why = {"reason": "Registrado no paciente errado"}
    assert ward.ask(ward.physician, "POST", f"/notes/{note}/inactivate", why, version=2).status_code == 200
    wrong = read(ward, ward.nurse, f"DocumentReference/{note}")
    assert (wrong["status"], wrong["docStatus"]) == ("entered-in-error", "entered-in-error")
    assert patient in wrong["subject"]["reference"]


@pytest.mark.sbis("ECF.16.02", "a draft is exchanged with nobody, its author included")
def test_a_draft_is_no_part_of_what_is_exchanged(ward: Hospital) -> None:
    patient = ward.patient()
    body = {"kind": "evolucao", "text": "Ainda penso.", "draft": True}
    draft = ward.made(ward.physician, f"/patients/{patient}/notes", body)["id"]
    for path in (f"DocumentReference/{draft}", f"DocumentReference/{draft}/_history/1"):
        assert refusal(ask(ward, ward.physician, path)) == (404, "not-found")
    assert found(ward, ward.physician, f"DocumentReference?patient={patient}") == []
    finish = {"kind": "evolucao", "text": "Pronto.", "finish": True}
    ward.ask(ward.physician, "PUT", f"/notes/{draft}/draft", finish, version=1)
    [shown] = found(ward, ward.nurse, f"DocumentReference?patient={patient}")
    assert (shown["docStatus"], shown["meta"]["versionId"]) == ("final", "2")
    assert refusal(ask(ward, ward.nurse, f"DocumentReference/{draft}/_history/1")) == (404, "not-found")
    [only] = found(ward, ward.nurse, f"Provenance?target=DocumentReference/{draft}")
    assert only["id"] == f"{draft}.2"
    assert refusal(ask(ward, ward.nurse, f"Provenance/{draft}.1")) == (404, "not-found")


def test_a_document_comes_as_it_is_or_as_a_binary(ward: Hospital, ward_server: Server) -> None:
    patient = ward.patient()
    form = {"kind": "laudo", "title": "Laudo", "occurred_at": "2026-11-20T10:00:00-03:00"}
    made = ward.made(ward.physician, f"/patients/{patient}/documents", form)["id"]
    assert found(ward, ward.nurse, f"DocumentReference?patient={patient}") == []  # without content
    headers = ward.headers(ward.physician, None, 1) | {"content-type": "application/pdf"}
    ward.client.request("PUT", f"/api/v1/documents/{made}/content", content=PDF, headers=headers)
    [one] = found(ward, ward.nurse, f"DocumentReference?patient={patient}")
    address = one["content"][0]["attachment"]["url"]
    raw = ask(ward, ward.nurse, address)
    assert (raw.content, raw.headers["content-type"]) == (PDF, "application/pdf")
    assert last_row(ward_server, "event, subject") == f"documento.lido|{made}"
    assert ask(ward, ward.nurse, address, accept=TYPE).json()["contentType"] == "application/pdf"
    assert refusal(ask(ward, ward.clerk, address)) == (403, "forbidden")


def test_a_patient_is_found_by_number_in_the_body_alone(ward: Hospital, ward_server: Server) -> None:
    patient = ward.patient(cpf=ANA["cpf"])
    one = read(ward, ward.clerk, f"Patient/{patient}")
    assert one["identifier"][0] | {"type": 0} == {
        **{"use": "official", "type": 0},
        **{"system": CPF, "value": "52998224725"},
    }
    for number in (
        f"{CPF}|52998224725",
        "529.982.247-25",
        "https://rnds-fhir.saude.gov.br/NamingSystem/cpf|52998224725",
    ):
        answer = sought(ward, ward.nurse, "Patient", identifier=number)
        assert [entry["resource"] for entry in answer.json()["entry"]] == [one], number
        assert "52998224725" not in str(answer.json()["link"])
    assert last_row(ward_server, "event, patient") == f"registro.pesquisado|{patient}"
    for number in (
        "https://saude.gov.br/fhir/sid/cns|52998224725",
        "urn:x|52998224725",
        "111.444.777-35",
        "Ana",
    ):
        assert "entry" not in sought(ward, ward.nurse, "Patient", identifier=number).json(), number
    assert refusal(ask(ward, ward.nurse, "Patient?identifier=52998224725")) == (422, "invalid")
    assert found(ward, ward.nurse, f"Patient?_id={patient}") == [one]
    assert refusal(sought(ward, ward.auditor, "Patient", identifier="52998224725")) == (403, "forbidden")
    assert [v["id"] for v in found(ward, ward.clerk, f"Provenance?patient={patient}")] == [f"{patient}.1"]
    wrong = ward.client.request("POST", "/fhir/R4/Patient/_search", json={}, headers=ward.headers(ward.nurse))
    assert refusal(wrong) == (415, "not-supported")


def test_a_merged_patient_points_to_the_one_whose_chart_it_shares(ward: Hospital) -> None:
    kept, other = ward.patient(), ward.patient()
    entry = ward.made(ward.physician, f"/patients/{other}/problems", problem())["id"]
    form = {"kept_id": str(kept), "merged_id": str(other), "reason": "Mesmo documento"}
    ward.made(ward.clerk, "/merges", form)
    merged = read(ward, ward.nurse, f"Patient/{other}")
    assert merged["active"] is False
    assert merged["link"] == [{"other": {"reference": f"Patient/{kept}"}, "type": "replaced-by"}]
    for patient in (kept, other):
        [one] = found(ward, ward.nurse, f"Condition?patient={patient}")
        assert (one["id"], one["subject"]["reference"]) == (entry, f"Patient/{kept}")


def problem() -> dict[str, Any]:
    """A new line of the problem list."""
    return {"diagnosis": {"terminology": "cid10", "code": "I10"}}
