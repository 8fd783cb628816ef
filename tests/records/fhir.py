"""Asking the exchange in FHIR, and the entries that it is asked for."""

from typing import Any

import httpx

from app.database.connection import DATABASE
from app.domain.caller import Caller
from tests.records.hospital import Hospital
from tests.records.server import Server
from tests.unit.app.exchange.judges import judge

TYPE = "application/fhir+json"
HYPERTENSION = {"diagnosis": {"terminology": "cid10", "code": "I10", "original": "HAS"}}
DIPYRONE = {"substance": {"original": "Dipirona"}, "reaction": "urticária", "severity": "grave"}
LOSARTAN = {
    "medications": [
        {
            "drug": {"original": "Losartana potássica"},
            **{"dose": "50", "unit": "mg", "route": "oral", "frequency": "12/12 h", "started": "2026-01-02"},
        }
    ]
}
PRESSURE = {
    "what": {"terminology": "loinc", "code": "8480-6"},
    **{"category": "sinal-vital", "value": "182", "unit": "mm[Hg]", "high": "140"},
}
CULTURE = {
    "what": {"terminology": "loinc", "code": "600-7"},
    **{"category": "exame", "words": "Em crescimento", "status": "preliminar"},
}


def ask(ward: Hospital, who: Caller, path: str, **headers: str) -> httpx.Response:
    """One GET below /fhir/R4; whatever is answered in FHIR is FHIR."""
    answer = ward.client.get(f"/fhir/R4/{path}", headers=ward.headers(who) | headers)
    if answer.headers["content-type"] == TYPE:
        judge(answer.json())
    return answer


def read(ward: Hospital, who: Caller, path: str) -> Any:
    """What somebody who may read gets."""
    answer = ask(ward, who, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, TYPE), answer.text
    return answer.json()


def found(ward: Hospital, who: Caller, path: str) -> list[Any]:
    """The resources of a page."""
    return [one["resource"] for one in read(ward, who, path).get("entry", [])]


def sought(ward: Hospital, who: Caller, kind: str, **words: str) -> httpx.Response:
    """A search whose parameters stand in the body."""
    answer = ward.client.request("POST", f"/fhir/R4/{kind}/_search", data=words, headers=ward.headers(who))
    judge(answer.json())
    return answer


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status, and the outcome's code."""
    assert answer.headers["content-type"] == TYPE, answer.text
    issue = answer.json()["issue"][0]
    return answer.status_code, issue["code"]


def full_chart(ward: Hospital) -> tuple[str, dict[str, str]]:
    """A patient with an entry of each kind: the patient's id, and the entries' ids by resource."""
    patient = str(ward.patient())
    base = f"/patients/{patient}"
    prescription = ward.made(ward.physician, f"{base}/prescriptions", LOSARTAN)
    measured = ward.made(ward.nurse, f"{base}/observations", {"observations": [PRESSURE, CULTURE]})
    begun = {"kind": "inpatient", "reason": {"original": "Dor torácica"}, "ward": "UTI", "bed": "3"}
    note = {"kind": "evolucao", "text": "Paciente estável."}
    return patient, {
        "Encounter": ward.made(ward.clerk, f"{base}/encounters", begun)["id"],
        "Condition": ward.made(ward.physician, f"{base}/problems", HYPERTENSION)["id"],
        "AllergyIntolerance": ward.made(ward.nurse, f"{base}/allergies", DIPYRONE)["id"],
        "MedicationRequest": prescription["medications"][0]["id"],
        "Observation": measured["observations"][0]["id"],
        "DocumentReference": ward.made(ward.physician, f"{base}/notes", note)["id"],
    }


def last_row(server: Server, columns: str) -> str:
    """Of the audit."""
    return server.sql(DATABASE, f"SELECT {columns} FROM audit ORDER BY entry DESC LIMIT 1")  # noqa: S608
