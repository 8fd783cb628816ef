"""Searches of the exchange: by code, state, encounter and time, and what a page brings along."""

import pytest

from app.exchange.capability import ENTRIES, INCLUDES, SEARCHES
from tests.records.fhir import (
    CULTURE,
    LOSARTAN,
    PRESSURE,
    ask,
    found,
    full_chart,
    last_row,
    read,
    refusal,
    sought,
)
from tests.records.hospital import ANA, Hospital
from tests.records.server import Server

LOINC = "http://loinc.org"
CID10 = "http://www.saude.gov.br/fhir/r4/CodeSystem/BRCID10"
PLAUSIBLE = {
    **dict.fromkeys(("date", "recorded-date", "onset-date", "authoredon", "_lastUpdated"), "ge2020"),
    **dict.fromkeys(("status", "class", "code", "category", "type", "intent", "criticality"), "x|y,z"),
    **dict.fromkeys(("clinical-status", "verification-status", "reason-code"), "x"),
}


@pytest.fixture(scope="module")
def chart(ward: Hospital) -> tuple[str, dict[str, str]]:
    """One full chart for all tests that only read."""
    return full_chart(ward)


@pytest.mark.parametrize("kind", ENTRIES)
def test_everything_that_the_statement_offers_can_be_asked(
    ward: Hospital, chart: tuple[str, dict[str, str]], kind: str
) -> None:
    patient, ids = chart
    values = PLAUSIBLE | {"_id": ids[kind], "patient": patient, "encounter": ids["Encounter"]}
    for name in SEARCHES[kind]:
        read(ward, ward.nurse, f"{kind}?patient={patient}&{name}={values[name]}")
    for word in INCLUDES[kind]:
        read(ward, ward.nurse, f"{kind}?patient={patient}&_include={word}")


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("Encounter?status=in-progress", True),
        ("Encounter?status=finished,cancelled", False),
        ("Encounter?class=IMP", True),
        ("Encounter?class=http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB", False),
        ("Condition?clinical-status=active", True),
        ("Condition?clinical-status=resolved", False),
        ("Condition?verification-status=confirmed", True),
        ("Condition?verification-status=provisional,entered-in-error", False),
        ("Condition?category=problem-list-item", True),
        (f"Condition?code={CID10}|I10", True),
        ("Condition?code=I10", True),
        (f"Condition?code={CID10}|", True),
        ("Condition?code=|I10", False),
        ("Condition?code=I11,I12", False),
        ("AllergyIntolerance?clinical-status=active", True),
        ("AllergyIntolerance?clinical-status=inactive", False),
        ("AllergyIntolerance?criticality=high", True),
        ("AllergyIntolerance?criticality=low,unable-to-assess", False),
        ("AllergyIntolerance?code=no-known-allergies", False),
        ("MedicationRequest?status=active&intent=order", True),
        ("MedicationRequest?status=active&status=on-hold", False),
        ("MedicationRequest?intent=plan", False),
        ("Observation?status=final", True),
        ("Observation?status=preliminary&category=laboratory", True),
        ("Observation?status=final&category=laboratory", False),
        (f"Observation?category=vital-signs&code={LOINC}|8480-6", True),
        ("Observation?category=http://example.org|vital-signs", False),
        ("Observation?_lastUpdated=ge2026-01-01", True),
        ("Observation?_lastUpdated=eb2026-01-01", False),
        ("Observation?date=ne2020", True),
        ("Observation?date=sa2020", True),
        ("DocumentReference?status=current&type=11506-3", True),
        ("DocumentReference?status=entered-in-error", False),
        ("DocumentReference?type=34746-8", False),
    ],
)
def test_a_search_finds_what_has_the_code_and_nothing_else(
    ward: Hospital, chart: tuple[str, dict[str, str]], asked: str, *, there: bool
) -> None:
    assert bool(found(ward, ward.nurse, f"{asked}&patient={chart[0]}")) is there


def test_states_follow_the_entry(ward: Hospital) -> None:
    patient = ward.patient()
    base = f"/patients/{patient}"
    onset = {"diagnosis": {"terminology": "cid10", "code": "I10"}, "onset": "2026-01-31"}
    problem = ward.made(ward.physician, f"{base}/problems", onset)["id"]
    ward.made(ward.nurse, f"{base}/allergy-denials", {})
    path = f"Condition?patient={patient}"
    for words, there in (
        ("onset-date=2026-01-31", True),
        ("onset-date=2026-01", True),
        ("onset-date=lt2026-01-31", False),
        ("onset-date=gt2026-01-31", False),
        ("onset-date=le2026-01-31T12:00Z", True),
    ):
        assert bool(found(ward, ward.nurse, f"{path}&{words}")) is there, words
    allergies = f"AllergyIntolerance?patient={patient}"
    [denied] = found(ward, ward.nurse, f"{allergies}&code=no-known-allergies&clinical-status=active")
    assert denied["code"]["coding"][0]["code"] == "no-known-allergies"
    reason = {"reason": "Lançado no paciente errado"}
    gone = ward.ask(ward.physician, "POST", f"/problems/{problem}/inactivate", reason, version=1)
    assert gone.status_code == 200, gone.text
    assert found(ward, ward.nurse, f"{path}&clinical-status=active,resolved") == []
    [wrong] = found(ward, ward.nurse, f"{path}&verification-status=entered-in-error")
    assert wrong["id"] == problem


def test_an_encounter_leads_to_what_was_entered_in_it(ward: Hospital, ward_server: Server) -> None:
    patient = ward.patient()
    base = f"/patients/{patient}"
    begun = {"kind": "inpatient", "reason": {"original": "Dor"}, "ward": "UTI", "bed": "3"}
    encounter = ward.made(ward.clerk, f"{base}/encounters", begun)["id"]
    within = {"encounter_id": encounter}
    ward.made(ward.nurse, f"{base}/observations", {"observations": [PRESSURE], **within})
    ward.made(ward.nurse, f"{base}/observations", {"observations": [CULTURE]})
    ward.made(ward.physician, f"{base}/prescriptions", LOSARTAN | within)
    [pressure] = found(ward, ward.nurse, f"Observation?encounter={encounter}")
    assert pressure["encounter"]["reference"] == f"Encounter/{encounter}"
    assert pressure["meta"]["profile"] == ["http://hl7.org/fhir/StructureDefinition/vitalsigns"]
    assert len(found(ward, ward.nurse, f"MedicationRequest?encounter=Encounter/{encounter}")) == 1
    assert found(ward, ward.nurse, f"DocumentReference?encounter={encounter}") == []
    assert found(ward, ward.nurse, f"Observation?encounter={patient}") == []
    asked = f"Observation?patient={patient}&_include=Observation:patient&_include=Observation:encounter"
    page = read(ward, ward.nurse, asked)
    brought = [(one["search"]["mode"], one["resource"]["resourceType"]) for one in page["entry"]]
    assert brought[:2] == [("match", "Observation")] * 2
    assert brought[2:] == [("include", "Patient"), ("include", "Encounter")]
    row = f"registro.visto|{patient}|fhir:Encounter"
    assert last_row(ward_server, "event, patient, detail ->> 'kind'") == row


def test_a_reader_who_has_the_version_is_told_so_and_sent_nothing(
    ward: Hospital, chart: tuple[str, dict[str, str]]
) -> None:
    patient, ids = chart
    for path in (f"Patient/{patient}", *(f"{kind}/{one}" for kind, one in ids.items())):
        headers = ward.headers(ward.nurse)
        first = ward.client.get(f"/fhir/R4/{path}", headers=headers)
        etag = first.headers["etag"]
        for known in (etag, f'"x", {etag}', etag.removeprefix("W/"), "*"):
            again = ward.client.get(f"/fhir/R4/{path}", headers=headers | {"if-none-match": known})
            assert (again.status_code, again.content) == (304, b""), path
            assert again.headers["etag"] == etag
        other = ward.client.get(f"/fhir/R4/{path}", headers=headers | {"if-none-match": 'W/"2"'})
        assert other.json() == first.json()


def test_who_a_patient_was_can_be_read(ward: Hospital) -> None:
    patient = ward.patient()
    now = read(ward, ward.clerk, f"Patient/{patient}")
    assert read(ward, ward.clerk, f"Patient/{patient}/_history/1") == now
    form = {name: value for name, value in ANA.items() if name != "cpf"}
    corrected = form | {"name": "Ana Lúcia Prado", "reason": "Casou-se"}
    changed = ward.ask(ward.clerk, "PUT", f"/patients/{patient}", corrected, version=1)
    assert changed.status_code == 200, changed.text
    assert read(ward, ward.clerk, f"Patient/{patient}/_history/1")["name"] == now["name"]
    assert read(ward, ward.clerk, f"Patient/{patient}")["name"] != now["name"]
    made = found(ward, ward.nurse, f"Provenance?patient={patient}")
    for one in made:
        assert read(ward, ward.clerk, one["target"][0]["reference"])
    for wrong in ("3", "x", "99999999999"):
        assert refusal(ask(ward, ward.clerk, f"Patient/{patient}/_history/{wrong}")) == (404, "not-found")
    assert refusal(ask(ward, ward.auditor, f"Patient/{patient}/_history/1")) == (403, "forbidden")


def test_patients_are_found_by_name_in_a_body_alone(ward: Hospital, ward_server: Server) -> None:
    made = {str(ward.patient(name=f"Zuleica Teste {one}", birth=f"1970-01-0{one}")) for one in (1, 2, 3)}
    answer = sought(ward, ward.clerk, "Patient", name="zuleica").json()
    assert {one["resource"]["id"] for one in answer["entry"]} == made
    assert last_row(ward_server, "event, detail ->> 'found'") == "registro.pesquisado|3"
    [one] = sought(ward, ward.clerk, "Patient", name="zuleica", birthdate="1970-01-02").json()["entry"]
    assert one["resource"]["birthDate"] == "1970-01-02"
    first = sought(ward, ward.clerk, "Patient", name="zuleica", _count="2").json()
    assert [entry["search"]["mode"] for entry in first["entry"]] == ["match", "match", "outcome"]
    assert "zuleica" not in str(first["link"]).casefold()
    for words in ({"name": "zu"}, {"name": "Ana", "identifier": "52998224725"}, {"birthdate": "ontem"}):
        assert refusal(sought(ward, ward.clerk, "Patient", **words)) == (422, "invalid")
    assert refusal(sought(ward, ward.auditor, "Patient", name="zuleica")) == (403, "forbidden")


def test_the_auditor_finds_rows_of_one_event(ward: Hospital, chart: tuple[str, dict[str, str]]) -> None:
    read(ward, ward.nurse, f"Condition/{chart[1]['Condition']}")
    rows = found(ward, ward.auditor, f"AuditEvent?patient={chart[0]}&subtype=registro.visto,registro.lido")
    assert {one["subtype"][-1]["code"] for one in rows} == {"registro.visto"}
    assert found(ward, ward.auditor, "AuditEvent?subtype=urn:prontuario:evento|auditoria.lida")
    assert found(ward, ward.auditor, "AuditEvent?subtype=inventado") == []
    assert refusal(ask(ward, ward.nurse, "AuditEvent?subtype=inventado")) == (403, "forbidden")


def test_a_page_after_the_first_asks_the_same(ward: Hospital) -> None:
    patient = ward.patient()
    for _ in range(3):
        ward.made(ward.nurse, f"/patients/{patient}/observations", {"observations": [PRESSURE, CULTURE]})
    path, seen = f"Observation?patient={patient}&code=8480-6&_count=2", 0
    while path:
        page = read(ward, ward.nurse, path)
        assert {one["resource"]["code"]["coding"][0]["code"] for one in page["entry"]} == {"8480-6"}
        seen += len(page["entry"])
        links = {one["relation"]: one["url"] for one in page["link"]}
        path = links.get("next", "").partition("/fhir/R4/")[2]
    assert seen == 3
