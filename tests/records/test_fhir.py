"""The exchange in FHIR over the real records: the same rights, audit and closed charts as everywhere."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from app.database.connection import DATABASE
from app.exchange.capability import ENTRIES, SEARCHES
from app.settings import Settings
from app.storage.objects import Objects
from tests.records.fhir import TYPE, ask, found, full_chart, read, refusal, sought
from tests.records.hospital import ANA, Hospital
from tests.records.server import Server
from tests.unit.app.signing.test_signing import PDF

CPF = "https://saude.gov.br/fhir/sid/cpf"


@pytest.fixture(scope="module")
def ward(ward_settings: Settings) -> Iterator[Hospital]:
    """A service that keeps documents too."""
    with Hospital(ward_settings, Objects.in_memory()) as one:
        yield one


@pytest.fixture(scope="module")
def chart(ward: Hospital) -> tuple[str, dict[str, str]]:
    """One full chart for all tests that only read."""
    return full_chart(ward)


def last_row(server: Server, columns: str) -> str:
    """Of the audit."""
    return server.sql(DATABASE, f"SELECT {columns} FROM audit ORDER BY entry DESC LIMIT 1")  # noqa: S608


def test_the_kinds_are_those_that_have_charts() -> None:
    assert set(ENTRIES) == set(SEARCHES) - {"Patient", "Provenance", "AuditEvent"}


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_is_read_by_id_and_by_its_patient_and_each_reading_is_a_row(
    ward: Hospital, ward_server: Server, chart: tuple[str, dict[str, str]], kind: str
) -> None:
    patient, ids = chart
    answer = ask(ward, ward.nurse, f"{kind}/{ids[kind]}")
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"1"')
    one = answer.json()
    assert (one.get("subject") or one["patient"])["reference"] == f"Patient/{patient}"
    row = f"registro.visto|{ids[kind]}|{patient}|fhir:{kind}"
    assert last_row(ward_server, "event, subject, patient, detail ->> 'kind'") == row
    assert one in found(ward, ward.pharmacist, f"{kind}?patient={patient}")
    row = f"registro.visto||{patient}|fhir:{kind}"
    assert last_row(ward_server, "event, subject, patient, detail ->> 'kind'") == row
    assert found(ward, ward.nurse, f"{kind}?_id={ids[kind]}") == [one]
    assert found(ward, ward.nurse, f"{kind}?_id={uuid4()}") == []
    assert sought(ward, ward.nurse, kind, patient=f"Patient/{patient}").json()["entry"]
    assert read(ward, ward.nurse, f"{kind}/{ids[kind]}/_history/1") == one


@pytest.mark.sbis("NGS1.03.01", "charts are exchanged with who treats patients, and with nobody else")
@pytest.mark.parametrize("kind", ENTRIES)
def test_who_treats_nobody_gets_an_outcome(
    ward: Hospital, ward_server: Server, chart: tuple[str, dict[str, str]], kind: str
) -> None:
    patient, ids = chart
    for who in (ward.clerk, ward.administrator, ward.auditor):
        for path in (f"{kind}/{ids[kind]}", f"{kind}?patient={patient}", f"{kind}/{ids[kind]}/_history/1"):
            assert refusal(ask(ward, who, path)) == (403, "forbidden")
            assert last_row(ward_server, "event, account") == f"acesso.negado|{who.account}"
        assert refusal(ask(ward, who, f"Patient/{patient}/$summary")) == (403, "forbidden")
        assert refusal(ask(ward, who, f"Provenance?target={kind}/{ids[kind]}")) == (403, "forbidden")


def test_only_the_auditor_reads_the_audit(ward: Hospital, chart: tuple[str, dict[str, str]]) -> None:
    patient, ids = chart
    ask(ward, ward.nurse, f"Condition/{ids['Condition']}")
    page = read(ward, ward.auditor, f"AuditEvent?patient={patient}&_count=2")
    assert page["entry"][0]["resource"]["entity"][0]["what"]["reference"] == f"Patient/{patient}"
    following = read(ward, ward.auditor, page["link"][1]["url"].partition("/fhir/R4/")[2])
    assert not {one["fullUrl"] for one in page["entry"]} & {one["fullUrl"] for one in following["entry"]}
    first = page["entry"][0]["resource"]
    assert read(ward, ward.auditor, f"AuditEvent/{first['id']}") == first
    assert found(ward, ward.auditor, "AuditEvent?date=lt2020") == []
    assert found(ward, ward.auditor, "AuditEvent?date=ge2020&_count=1")
    assert ANA["name"] not in str(page)
    for who in (ward.physician, ward.clerk, ward.administrator):
        for path in ("AuditEvent", f"AuditEvent/{first['id']}"):
            assert refusal(ask(ward, who, path)) == (403, "forbidden")
    for unknown in ("0", "999999999999999999", "x"):
        assert refusal(ask(ward, ward.auditor, f"AuditEvent/{unknown}")) == (404, "not-found")


@pytest.mark.sbis("NGS1.11.04", "a closed chart stays closed to exchange, and opens in an emergency alone")
def test_a_closed_chart_stays_closed(ward: Hospital) -> None:
    patient, ids = full_chart(ward)
    wish = {
        "occurred_at": "2026-01-02T10:00:00Z",
        "reason": "Pedido do paciente",
        "accounts": [str(ward.physician.account)],
    }
    ward.made(ward.clerk, f"/patients/{patient}/restrictions", wish)
    paths = [f"Patient/{patient}/$summary", f"Provenance/{ids['Condition']}.1"]
    for kind, identity in ids.items():
        paths += [f"{kind}/{identity}", f"{kind}/{identity}/_history/1", f"{kind}?patient={patient}"]
        paths += [f"{kind}?_id={identity}", f"Provenance?target={kind}/{identity}"]
    for path in paths:
        answer = ask(ward, ward.physician, path)
        assert refusal(answer) == (403, "forbidden"), path
        assert "prontuario-restrito" in answer.text
        assert ask(ward, ward.other_physician, path).status_code == 200, path
    opening = {"patient_id": patient, "reason": "Parada cardiorrespiratória em andamento"}
    ward.made(ward.physician, "/emergency-accesses", opening)
    for path in paths:
        assert ask(ward, ward.physician, path).status_code == 200, path


@pytest.mark.parametrize("kind", [*ENTRIES, "Patient", "Provenance", "Binary"])
def test_what_is_not_there_is_not_found(ward: Hospital, kind: str) -> None:
    for unknown in (str(uuid4()), "42", "a.b", "%27--"):
        assert refusal(ask(ward, ward.nurse, f"{kind}/{unknown}")) == (404, "not-found")
    if kind in ENTRIES:
        assert refusal(ask(ward, ward.nurse, f"{kind}?patient={uuid4()}")) == (404, "not-found")
        assert refusal(ask(ward, ward.nurse, f"{kind}?patient=42")) == (404, "not-found")


@pytest.mark.parametrize(
    "asked",
    [
        *(
            "Condition",
            "Condition?patient=x y",
            "Condition?patient=1&name=x",
            "Observation?patient=1&category=x",
        ),
        *("Condition?patient=1&date=2026", "Encounter?patient=1&date=ontem", "Encounter?patient=1&_count=0"),
        *("Provenance", "Provenance?target=Condition", "AuditEvent?date=x", "Patient", "Patient?name=Ana"),
        *(
            "Encounter?patient=1&date=2026&date=2026&date=2026&date=2026&date=2026",
            "Condition?_id=1&_format=xml",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_and_not_overlooked(ward: Hospital, asked: str) -> None:
    status, code = refusal(ask(ward, ward.nurse if "Audit" not in asked else ward.auditor, asked))
    assert (status, code) in ((422, "invalid"), (406, "not-supported"))


def test_a_search_is_narrowed_by_time_and_read_page_by_page(ward: Hospital) -> None:
    patient = ward.patient()
    for day in range(1, 6):
        one = {"observations": [pressure(day)], "occurred_at": f"2026-01-0{day}T12:00:00Z"}
        ward.made(ward.nurse, f"/patients/{patient}/observations", one)
    base = f"Observation?patient={patient}"
    for words, days in (
        ("date=2026-01-03", [3]),
        ("date=ge2026-01-03", [5, 4, 3]),
        ("date=gt2026-01-03&date=lt2026-01-05", [4]),
        ("date=le2026-01-02", [2, 1]),
        ("date=2026-01&category=vital-signs", [5, 4, 3, 2, 1]),
        ("category=laboratory", []),
    ):
        shown = found(ward, ward.nurse, f"{base}&{words}")
        assert [one["valueQuantity"]["value"] for one in shown] == days, words
    values, path = [], f"{base}&_count=2"
    while path:
        page = read(ward, ward.nurse, path)
        values += [one["resource"]["valueQuantity"]["value"] for one in page["entry"]]
        links = {one["relation"]: one["url"] for one in page["link"]}
        path = links.get("next", "").partition("/fhir/R4/")[2]
    assert values == [5, 4, 3, 2, 1]
    wrong = ask(ward, ward.nurse, f"{base}&_cursor=W10=")
    assert refusal(wrong) == (422, "invalid")


def pressure(value: int) -> dict[str, Any]:
    """A measurement of that value."""
    what = {"terminology": "loinc", "code": "8480-6"}
    return {"what": what, "category": "sinal-vital", "value": str(value), "unit": "mm[Hg]"}


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
