"""Allergies: known, denied or not asked, and never doubled; a drug that one names needs a reason."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.records.hospital import Hospital

DIPYRONE = {"substance": {"original": "Dipirona"}, "reaction": "urticária", "severity": "grave"}


def header(ward: Hospital, patient: object) -> Any:
    """The head of the chart."""
    answer = ward.ask(ward.nurse, "GET", f"/patients/{patient}/header")
    assert answer.status_code == 200, answer.text
    return answer.json()


def line(drug: str, **others: Any) -> dict[str, Any]:
    """One line of a prescription."""
    usual = {"dose": "500", "unit": "mg", "route": "VO", "frequency": "6/6 h", "started": "2026-01-02"}
    return {"drug": {"original": drug}} | usual | others


@pytest.mark.sbis("ECF.07.04", "allergies have a list of their own")
@pytest.mark.sbis("ECF.07.06", "that somebody denies allergies is said, and ends with the first one")
@pytest.mark.sbis("ECF.03.17", "the head of a chart says who it is and what must not be overlooked")
def test_an_allergy_ends_the_word_that_there_is_none(ward: Hospital) -> None:
    patient = ward.patient()
    assert header(ward, patient)["allergies"] == "nao-informado"
    denial = ward.made(ward.nurse, f"/patients/{patient}/allergy-denials", {})
    assert header(ward, patient)["allergies"] == "nega-alergias"
    made = ward.made(ward.physician, f"/patients/{patient}/allergies", DIPYRONE)
    seen = header(ward, patient)
    assert seen["allergies"] == "alergias"
    assert seen["allergy_list"] == [{"original": "Dipirona", "severity": "grave", "reaction": "urticária"}]
    ended = ward.ask(ward.nurse, "GET", f"/allergy-denials/{denial['id']}").json()
    assert (ended["status"], ended["version"]) == ("encerrada", 2)
    assert made["status"] == "ativa"


def test_who_has_allergies_cannot_deny_them_and_who_denies_does_it_once(ward: Hospital) -> None:
    patient = ward.patient()
    path = f"/patients/{patient}/allergy-denials"
    ward.made(ward.nurse, path, {})
    assert ward.ask(ward.nurse, "POST", path, {}).status_code == 409
    allergy = ward.made(ward.nurse, f"/patients/{patient}/allergies", DIPYRONE)
    refused = ward.ask(ward.nurse, "POST", path, {})
    assert refused.json()["type"] == "urn:prontuario:problema:ha-alergias"
    change = {"severity": "leve", "refuted": True, "reason": "Teste negativo"}
    answer = ward.ask(ward.physician, "PUT", f"/allergies/{allergy['id']}", change, version=1)
    assert answer.json()["status"] == "refutada"
    ward.made(ward.nurse, path, {})


def test_the_same_allergy_is_not_entered_twice(ward: Hospital) -> None:
    patient = ward.patient()
    first = ward.made(ward.nurse, f"/patients/{patient}/allergies", DIPYRONE)
    again = {"substance": {"original": "DIPIRONA"}}
    answer = ward.ask(ward.nurse, "POST", f"/patients/{patient}/allergies", again)
    assert (answer.status_code, answer.json()["registro"]) == (409, first["id"])


@pytest.mark.sbis("ECF.14.05", "a drug that a recorded allergy names is given only for a reason")
@pytest.mark.sbis("ECF.10.03", "a prescription is made of drug, dose, unit, route and frequency")
def test_a_drug_the_patient_does_not_tolerate_needs_a_reason(ward: Hospital) -> None:
    patient = ward.patient()
    ward.made(ward.nurse, f"/patients/{patient}/allergies", DIPYRONE)
    path = f"/patients/{patient}/prescriptions"
    body = {"medications": [line("Paracetamol"), line("Dipirona sódica 1 g")]}
    answer = ward.ask(ward.physician, "POST", path, body)
    assert (answer.status_code, answer.json()["linhas"]) == (409, [1])
    assert ward.ask(ward.nurse, "GET", f"/patients/{patient}/medications").json()["items"] == []
    body["medications"][1]["allergy_reason"] = "Sem alternativa; sob vigilância"
    made = ward.made(ward.physician, path, body)
    assert [one["coded"]["original"] for one in made["medications"]] == [
        "Paracetamol",
        "Dipirona sódica 1 g",
    ]
    assert made["medications"][1]["allergy_reason"] == "Sem alternativa; sob vigilância"


def test_a_line_is_suspended_and_ended_with_a_reason(ward: Hospital) -> None:
    patient = ward.patient()
    made = ward.made(
        ward.physician, f"/patients/{patient}/prescriptions", {"medications": [line("Losartana")]}
    )
    path = f"/medications/{made['medications'][0]['id']}"
    suspended = {"status": "suspenso", "reason": "Hipotensão"}
    assert ward.ask(ward.physician, "PUT", path, suspended, version=1).json()["status"] == "suspenso"
    ended = {"status": "encerrado", "ended": "2026-01-05", "reason": "Troca de esquema"}
    assert ward.ask(ward.physician, "PUT", path, ended, version=2).json()["ended"] == "2026-01-05"
    again = {"status": "ativo", "reason": "Retomar"}
    assert ward.ask(ward.physician, "PUT", path, again, version=3).status_code == 409


def test_only_a_physician_prescribes(ward: Hospital) -> None:
    body = {"medications": [line("Losartana")]}
    path = f"/patients/{ward.patient()}/prescriptions"
    for who in (ward.nurse, ward.pharmacist, ward.clerk, ward.administrator, ward.auditor):
        assert ward.ask(who, "POST", path, body).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"dose": "0"},
        {"dose": "NaN"},
        {"dose": "1e30"},
        {"dose": "123456789"},
        {"unit": ""},
        {"ended": "2025-01-01"},
    ],
)
def test_a_line_that_makes_no_sense_is_refused(ward: Hospital, wrong: dict[str, str]) -> None:
    path = f"/patients/{ward.patient()}/prescriptions"
    answer = ward.ask(ward.physician, "POST", path, {"medications": [line("Losartana", **wrong)]})
    assert answer.status_code == 422


def test_an_allergy_and_a_denial_at_the_same_time_never_both_stand(ward: Hospital) -> None:
    for _ in range(5):
        patient = ward.patient()
        path = f"/api/v1/patients/{patient}"
        asked = [("allergies", DIPYRONE), ("allergy-denials", {})]

        async def both(path: str = path, asked: Any = tuple(asked)) -> None:
            transport = httpx.ASGITransport(ward.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
                await asyncio.gather(
                    *(
                        http.post(f"{path}/{what}", json=body, headers=ward.headers(ward.nurse))
                        for what, body in asked
                    )
                )

        ward.client.run(both())
        denials = ward.ask(ward.nurse, "GET", f"/patients/{patient}/allergy-denials").json()["items"]
        assert [one["status"] for one in denials] in ([], ["encerrada"])
        assert header(ward, patient)["allergies"] == "alergias"
