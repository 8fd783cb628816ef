"""Entries of a chart: coded, with two times, never deleted, shared by identities that were merged."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.database.connection import DATABASE
from app.domain.pages import encode_cursor
from tests.records.hospital import Hospital
from tests.records.server import Server

HYPERTENSION = {"terminology": "cid10", "code": "I10", "original": "HAS"}
ASTHMA = {"terminology": "cid10", "code": "j45.9"}
WHY = "Registrado no paciente errado"


def problem(ward: Hospital, patient: object, **others: Any) -> Any:
    """A new line of the problem list."""
    return ward.made(ward.physician, f"/patients/{patient}/problems", {"diagnosis": HYPERTENSION} | others)


def page(ward: Hospital, patient: object, path: str) -> list[Any]:
    """The first entries of a chart."""
    answer = ward.ask(ward.physician, "GET", f"/patients/{patient}/{path}")
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


@pytest.mark.sbis("ECF.17.10", "a code keeps its system, edition and term, and the words that were used")
@pytest.mark.sbis("ECF.07.15", "diagnoses are coded, confirmed or suspected")
@pytest.mark.sbis("ECF.17.12", "terminologies are rows of the database")
def test_a_coded_entry_keeps_system_edition_code_term_and_the_words_used(ward: Hospital) -> None:
    patient = ward.patient()
    assert problem(ward, patient)["coded"] == {
        "system": "http://www.saude.gov.br/fhir/r4/CodeSystem/BRCID10",
        "edition": "seed-1",
        "code": "I10",
        "term": "Hipertensão arterial essencial",
        "original": "HAS",
    }
    assert problem(ward, patient, diagnosis=ASTHMA)["coded"]["original"] == "Asma"


@pytest.mark.parametrize(
    "choice",
    [
        {"terminology": "cid10", "code": "Z999"},
        {"terminology": "cid10", "code": "I10", "edition": "2008"},
        {"terminology": "nenhuma", "code": "I10"},
        {"original": "HAS"},
        {"code": "I10"},
    ],
)
def test_a_code_that_was_not_loaded_is_refused(ward: Hospital, choice: dict[str, str]) -> None:
    path = f"/patients/{ward.patient()}/problems"
    answer = ward.ask(ward.physician, "POST", path, {"diagnosis": choice})
    assert answer.status_code == 422


@pytest.mark.sbis("ECF.17.03", "what is entered later keeps the time at which it happened")
@pytest.mark.sbis("ECF.17.02", "the server says when something was entered")
def test_when_it_happened_and_when_it_was_entered_are_two_times(ward: Hospital) -> None:
    before = datetime.now(UTC) - timedelta(days=400)
    made = problem(ward, ward.patient(), occurred_at=before.isoformat())
    assert datetime.fromisoformat(made["occurred_at"]) == before
    assert abs(datetime.fromisoformat(made["recorded_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.sbis("ECF.17.05", "times that contradict each other are refused")
@pytest.mark.parametrize("hours", [1, 24 * 365 * 5000])
def test_nothing_happens_in_the_future(ward: Hospital, hours: int) -> None:
    later = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    body = {"diagnosis": HYPERTENSION, "occurred_at": later}
    answer = ward.ask(ward.physician, "POST", f"/patients/{ward.patient()}/problems", body)
    assert answer.status_code == 422
    assert "futuro" in answer.json()["erros"][0]["motivo"]


@pytest.mark.sbis("NGS1.09.02", "times are exchanged as RFC 3339, with their zone")
def test_a_time_without_its_zone_is_refused(ward: Hospital) -> None:
    body = {"diagnosis": HYPERTENSION, "occurred_at": "2026-01-01T10:00:00"}
    answer = ward.ask(ward.physician, "POST", f"/patients/{ward.patient()}/problems", body)
    assert answer.json()["erros"][0]["motivo"] == "informe o fuso horário"


@pytest.mark.sbis("NGS1.12.03", "an inactivated entry stays, struck through, with its reason")
def test_an_inactivated_entry_stays_struck_through_with_its_reason(ward: Hospital) -> None:
    patient = ward.patient()
    made = problem(ward, patient)
    path = f"/problems/{made['id']}"
    done = ward.ask(ward.physician, "POST", f"{path}/inactivate", {"reason": WHY}, version=1)
    assert done.status_code == 200
    [seen] = page(ward, patient, "problems")
    assert (seen["struck_through"], seen["change_reason"]) == (True, WHY)
    change = {"certainty": "suspeito", "reason": "Outra avaliação"}
    assert ward.ask(ward.physician, "PUT", path, change, version=2).status_code == 409
    versions = ward.ask(ward.nurse, "GET", f"{path}/versions").json()["items"]
    assert [one["content"]["status"] for one in versions] == ["ativo", "inativado"]


@pytest.mark.sbis("ECF.07.19", "the problem list is made of coded diagnoses")
@pytest.mark.sbis("ECF.17.01", "every version names who made it")
def test_a_problem_is_resolved_and_its_versions_tell_by_whom(ward: Hospital) -> None:
    made = problem(ward, ward.patient(), onset="2025-01-01")
    change = {"certainty": "confirmado", "onset": "2025-01-01", "resolved": "2025-02-01"}
    body = change | {"reason": "Curado"}
    done = ward.ask(ward.other_physician, "PUT", f"/problems/{made['id']}", body, version=1)
    assert (done.json()["status"], done.headers["etag"]) == ("resolvido", '"2"')
    assert done.json()["changed_by"] == str(ward.other_physician.account)
    wrong = body | {"resolved": "2024-01-01"}
    refused = ward.ask(ward.physician, "PUT", f"/problems/{made['id']}", wrong, version=2)
    assert refused.status_code == 422


def test_a_merged_chart_holds_the_entries_of_both_until_it_is_separated(ward: Hospital) -> None:
    kept, other = ward.patient(), ward.patient()
    here, there = problem(ward, kept), problem(ward, other)
    form = {"kept_id": str(kept), "merged_id": str(other), "reason": "Mesmo documento"}
    merge = ward.made(ward.clerk, "/merges", form)
    for identity in (kept, other):
        assert {one["id"] for one in page(ward, identity, "problems")} == {here["id"], there["id"]}
    refused = ward.ask(ward.physician, "POST", f"/patients/{other}/problems", {"diagnosis": HYPERTENSION})
    assert (refused.status_code, refused.json()["prontuario"]) == (409, str(kept))
    undo = f"/merges/{merge['id']}/undo"
    assert ward.ask(ward.clerk, "POST", undo, {"reason": "Eram irmãs"}, version=1).status_code == 200
    assert [one["id"] for one in page(ward, kept, "problems")] == [here["id"]]
    assert [one["id"] for one in page(ward, other, "problems")] == [there["id"]]


@pytest.mark.sbis("ECF.06.01", "an encounter begins, moves and ends, and holds what belongs to it")
@pytest.mark.sbis("ECF.06.03", "who is in the hospital now stands in one list")
def test_an_encounter_begins_moves_and_ends_and_shows_who_is_here(ward: Hospital) -> None:
    patient = ward.patient(name="Beatriz Nóbrega")
    body = {"kind": "inpatient", "reason": ASTHMA, "ward": "Clínica 3", "bed": "12"}
    made = ward.made(ward.clerk, f"/patients/{patient}/encounters", body)
    present = "/encounters/present?ward=Cl%C3%ADnica%203"
    [line] = ward.ask(ward.clerk, "GET", present).json()["items"]
    assert (line["name"], line["bed"], "coded" in line) == ("Beatriz Nóbrega", "12", False)
    place = {"ward": "Clínica 4", "bed": "1"}
    path = f"/encounters/{made['id']}"
    assert ward.ask(ward.nurse, "POST", f"{path}/move", place, version=1).status_code == 200
    assert ward.ask(ward.clerk, "GET", present).json()["items"] == []
    early = {"ended_at": "2020-01-01T00:00:00Z"}
    assert ward.ask(ward.nurse, "POST", f"{path}/close", early, version=2).status_code == 422
    closed = ward.ask(ward.nurse, "POST", f"{path}/close", {}, version=2)
    assert (closed.status_code, closed.json()["status"]) == (200, "encerrado")
    assert ward.ask(ward.nurse, "POST", f"{path}/close", {}, version=3).status_code == 409
    assert ward.ask(ward.auditor, "GET", "/encounters/present").status_code == 403


def test_an_entry_belongs_to_an_encounter_of_its_own_patient(ward: Hospital) -> None:
    body = {"kind": "ambulatory", "reason": {"original": "Dor"}}
    encounter = ward.made(ward.nurse, f"/patients/{ward.patient()}/encounters", body)["id"]
    wrong = {"diagnosis": HYPERTENSION, "encounter_id": encounter}
    answer = ward.ask(ward.physician, "POST", f"/patients/{ward.patient()}/problems", wrong)
    assert (answer.status_code, "não é deste paciente" in answer.json()["detail"]) == (422, True)


@pytest.mark.sbis("ECF.17.04", "a chart is read in the order in which things happened")
def test_pages_of_a_chart_follow_each_other(ward: Hospital) -> None:
    patient = ward.patient()
    day = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(5):
        problem(ward, patient, occurred_at=(day + timedelta(days=number)).isoformat())
    first = ward.ask(ward.nurse, "GET", f"/patients/{patient}/problems?limit=3").json()
    rest = ward.ask(ward.nurse, "GET", f"/patients/{patient}/problems?limit=3&cursor={first['next']}").json()
    days = [one["occurred_at"][8:10] for one in first["items"] + rest["items"]]
    assert (days, rest["next"]) == (["05", "04", "03", "02", "01"], None)
    for moment in ("2020-01-01", "0001-01-01T00:00:00+14:00", "x"):
        cursor = encode_cursor(moment, str(patient))
        answer = ward.ask(ward.nurse, "GET", f"/patients/{patient}/problems?cursor={cursor}")
        assert answer.status_code == 422


@pytest.mark.sbis("NGS1.03.01", "a chart opens for who treats patients, and for nobody else")
def test_who_treats_nobody_reads_no_chart(ward: Hospital) -> None:
    patient = ward.patient()
    for who in (ward.clerk, ward.administrator, ward.auditor):
        for path in ("problems", "notes", "header", "medications", "observations", "allergies", "tasks"):
            assert ward.ask(who, "GET", f"/patients/{patient}/{path}").status_code == 403


def test_nobody_is_there_under_an_unknown_number(ward: Hospital) -> None:
    for path in ("problems", "header", "notes"):
        assert ward.ask(ward.nurse, "GET", f"/patients/{uuid4()}/{path}").status_code == 404
    assert ward.ask(ward.nurse, "GET", f"/problems/{uuid4()}").status_code == 404


def test_the_database_itself_refuses_to_forget_or_rewrite(ward: Hospital, ward_server: Server) -> None:
    problem(ward, ward.patient())
    for statement in (
        "DELETE FROM problems",
        "UPDATE problems SET original = 'x'",
        "UPDATE problems SET version = 2, recorded_by = gen_random_uuid() WHERE version = 1",
    ):
        with pytest.raises(AssertionError, match=r"refused|has version|never changes"):
            ward_server.sql(DATABASE, statement)
