"""The exchange in FHIR over the real records: the same rights, audit and closed charts as everywhere."""

from uuid import uuid4

import pytest

from app.exchange.capability import ENTRIES, SEARCHES
from tests.records.fhir import ask, found, full_chart, last_row, read, refusal, sought
from tests.records.hospital import ANA, Hospital
from tests.records.server import Server


@pytest.fixture(scope="module")
def chart(ward: Hospital) -> tuple[str, dict[str, str]]:
    """One full chart for all tests that only read."""
    return full_chart(ward)


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
