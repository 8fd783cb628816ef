"""Notes and results: drafts are their author's, corrections leave what was there, partial is not final."""

from typing import Any
from uuid import uuid4

import pytest

from app.database.connection import DATABASE
from tests.records.hospital import Hospital
from tests.records.server import Server

TEXT = "Paciente com pressão alta e dores articulares. Nega cefaleia."
PRESSURE = {"terminology": "loinc", "code": "8480-6"}
CULTURE = {"terminology": "loinc", "code": "600-7"}


def note(ward: Hospital, patient: object, text: str = TEXT, **others: Any) -> Any:
    """A note of the physician's."""
    body = {"kind": "evolucao", "text": text} | others
    return ward.made(ward.physician, f"/patients/{patient}/notes", body)


def notes(ward: Hospital, who: Any, patient: object) -> list[str]:
    """The texts that somebody sees in a chart."""
    answer = ward.ask(who, "GET", f"/patients/{patient}/notes")
    return [one["text"] for one in answer.json()["items"]]


def found(ward: Hospital, who: Any, patient: object, text: str) -> list[str]:
    """What a search in a chart finds, by kind."""
    answer = ward.ask(who, "POST", f"/patients/{patient}/search", {"text": text})
    assert answer.status_code == 200, answer.text
    return [one["kind"] for one in answer.json()["items"]]


@pytest.mark.sbis("ECF.16.01", "drafts are listed for their author until they are finished")
@pytest.mark.sbis("ECF.16.02", "a draft is saved without being part of the record")
def test_a_draft_is_listed_for_its_author_and_seen_by_nobody_else(ward: Hospital) -> None:
    patient = ward.patient()
    draft = note(ward, patient, draft=True)
    mine = ward.ask(ward.physician, "GET", "/notes/drafts").json()["items"]
    assert draft["id"] in [one["id"] for one in mine]
    assert notes(ward, ward.physician, patient) == [TEXT]
    for who in (ward.nurse, ward.other_physician):
        assert notes(ward, who, patient) == []
        assert ward.ask(who, "GET", f"/notes/{draft['id']}").status_code == 404
        assert found(ward, who, patient, "articulares") == []
        save = {"kind": "evolucao", "text": "Outro"}
        assert ward.ask(who, "PUT", f"/notes/{draft['id']}/draft", save, version=1).status_code == 404
    finish = {"kind": "evolucao", "text": "Pronto.", "finish": True}
    done = ward.ask(ward.physician, "PUT", f"/notes/{draft['id']}/draft", finish, version=1)
    assert (done.status_code, done.json()["status"]) == (200, "final")
    assert notes(ward, ward.nurse, patient) == ["Pronto."]
    versions = ward.ask(ward.nurse, "GET", f"/notes/{draft['id']}/versions").json()["items"]
    assert [one["content"]["text"] for one in versions] == ["Pronto."]


@pytest.mark.sbis("NGS1.12.01", "only the author corrects, as a new version with a reason")
@pytest.mark.sbis("ECF.07.22", "progress notes are written, corrected and kept")
def test_only_the_author_corrects_and_the_earlier_version_stays(ward: Hospital) -> None:
    patient = ward.patient()
    made = note(ward, patient)
    path = f"/notes/{made['id']}"
    body = {"text": "Sem queixas.", "reason": "Texto de outro paciente"}
    refused = ward.ask(ward.other_physician, "PUT", path, body, version=1)
    assert (refused.status_code, refused.json()["type"]) == (
        403,
        "urn:prontuario:problema:somente-o-autor",
    )
    assert ward.ask(ward.physician, "PUT", path, {"text": "Sem motivo."}, version=1).status_code == 422
    assert ward.ask(ward.physician, "PUT", path, body, version=1).status_code == 200
    versions = ward.ask(ward.nurse, "GET", f"{path}/versions").json()["items"]
    assert [one["content"]["text"] for one in versions] == [TEXT, "Sem queixas."]
    assert versions[1]["content"]["change_reason"] == "Texto de outro paciente"
    why = {"reason": "Registrado por engano"}
    assert ward.ask(ward.nurse, "POST", f"{path}/inactivate", why, version=2).status_code == 403
    done = ward.ask(ward.physician, "POST", f"{path}/inactivate", why, version=2)
    assert (done.json()["struck_through"], done.json()["text"]) == (True, "Sem queixas.")
    assert notes(ward, ward.nurse, patient) == ["Sem queixas."]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("pressão", ["notes"]),
        ("pressao", ["notes"]),
        ("PRESSÕES ALTAS", ["notes"]),
        ("dor", ["notes"]),
        ("cefaléia", ["notes"]),
        ('"pressão alta"', ["notes"]),
        ('"alta pressão"', []),
        ("pressão -cefaleia", []),
        ("hipertensao", ["problems"]),
        ("fratura", []),
        ("' OR 1=1 --", []),
        ("!!! &", []),
    ],
)
def test_words_are_found_with_and_without_accents_and_endings(
    searched: tuple[Hospital, str], text: str, kinds: list[str]
) -> None:
    ward, patient = searched
    assert found(ward, ward.nurse, patient, text) == kinds


@pytest.fixture(scope="module")
def searched(ward: Hospital) -> tuple[Hospital, str]:
    """A chart with one note and one problem."""
    patient = str(ward.patient())
    note(ward, patient)
    diagnosis = {"terminology": "cid10", "code": "I10"}
    ward.made(ward.physician, f"/patients/{patient}/problems", {"diagnosis": diagnosis})
    return ward, patient


def test_the_search_in_a_chart_reads_that_chart_alone(ward: Hospital, ward_server: Server) -> None:
    query = "SELECT id FROM notes WHERE patient_id = gen_random_uuid() AND search @@ search_query('dor')"
    stable = query.replace("gen_random_uuid()", f"'{uuid4()}'")
    plan = ward_server.sql(DATABASE, "SET enable_seqscan = off", f"EXPLAIN {stable}")
    assert "ix_notes_patient_id" in plan


@pytest.mark.sbis("ECF.17.07", "a value is stored and shown with its unit")
@pytest.mark.sbis("ECF.07.07", "vital signs are measured with codes and units")
@pytest.mark.sbis("ECF.13.02", "a result is entered without an order of ours")
def test_a_number_has_its_unit_and_a_partial_result_looks_partial(ward: Hospital) -> None:
    path = f"/patients/{ward.patient()}/observations"
    measured = {"what": PRESSURE, "category": "sinal-vital", "value": "182", "unit": "mm[Hg]", "high": "140"}
    partial = {
        "what": CULTURE,
        "category": "exame",
        "words": "Sem crescimento em 48 h",
        "status": "preliminar",
    }
    made = ward.made(ward.nurse, path, {"observations": [measured, partial]})["observations"]
    assert [(one["partial"], one["outside"]) for one in made] == [(False, True), (True, None)]
    assert (made[0]["value"], made[0]["unit"]) == ("182", "mm[Hg]")
    only = ward.ask(ward.nurse, "GET", f"{path}?category=exame").json()["items"]
    assert [one["words"] for one in only] == ["Sem crescimento em 48 h"]
    result = f"/observations/{made[1]['id']}"
    final = {"words": "Negativa após 5 dias", "status": "final", "reason": "Laudo definitivo"}
    wrong = final | {"status": "corrigido"}
    assert ward.ask(ward.nurse, "PUT", result, wrong, version=1).status_code == 409
    assert ward.ask(ward.nurse, "PUT", result, final, version=1).json()["partial"] is False
    assert ward.ask(ward.nurse, "PUT", result, final, version=2).status_code == 409
    corrected = ward.ask(ward.nurse, "PUT", result, wrong, version=2)
    assert (corrected.json()["status"], corrected.headers["etag"]) == ("corrigido", '"3"')


@pytest.mark.parametrize("wrong", [{"unit": None}, {"value": None}, {"status": "corrigido"}])
def test_half_a_measurement_is_refused(ward: Hospital, wrong: dict[str, Any]) -> None:
    one = {"what": PRESSURE, "category": "sinal-vital", "value": "182", "unit": "mm[Hg]"} | wrong
    answer = ward.ask(ward.nurse, "POST", f"/patients/{ward.patient()}/observations", {"observations": [one]})
    assert answer.status_code == 422


def test_a_task_is_somebody_s_until_it_is_done(ward: Hospital) -> None:
    patient = str(ward.patient())
    body = {"title": "Repetir potássio", "patient_id": patient, "role": "enfermagem"}
    made = ward.made(ward.physician, "/tasks", body | {"due_at": "2030-01-01T09:00:00-03:00"})
    later = ward.made(ward.physician, "/tasks", body | {"role": None, "assignee": str(ward.nurse.account)})
    first = ward.ask(ward.nurse, "GET", "/tasks?limit=1").json()
    second = ward.ask(ward.nurse, "GET", f"/tasks?limit=1&cursor={first['next']}").json()
    assert [one["id"] for one in first["items"] + second["items"]] == [made["id"], later["id"]]
    assert ward.ask(ward.pharmacist, "GET", "/tasks").json()["items"] == []
    end = {"status": "concluida", "outcome": "Potássio 4,1 mmol/L"}
    path = f"/tasks/{made['id']}/end"
    assert ward.ask(ward.nurse, "POST", path, end, version=1).json()["status"] == "concluida"
    assert ward.ask(ward.nurse, "POST", path, end, version=2).status_code == 409
    about = ward.ask(ward.physician, "GET", f"/patients/{patient}/tasks").json()["items"]
    assert [one["status"] for one in about] == ["aberta", "concluida"]
    assert ward.ask(ward.physician, "POST", "/tasks", {"title": "Sem dono"}).status_code == 422
