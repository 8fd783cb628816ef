"""A chart that its patient closed to somebody stays closed, however it is asked for, but in an emergency."""

import pytest

from tests.records.hospital import Hospital

CLOSED = "urn:prontuario:problema:prontuario-restrito"
PROBLEM = {"diagnosis": {"terminology": "cid10", "code": "I10"}}


@pytest.mark.sbis("NGS1.11.04", "a chart that its patient closed opens for nobody it was closed to")
@pytest.mark.sbis("NGS1.11.07", "an emergency opens a closed chart, for a reason and a limited time")
def test_a_closed_chart_is_neither_read_nor_written_until_the_glass_is_broken(ward: Hospital) -> None:
    patient = ward.patient()
    base = f"/patients/{patient}"
    entry = ward.made(ward.physician, f"{base}/problems", PROBLEM)
    wish = {
        "occurred_at": "2026-01-02T10:00:00Z",
        "reason": "Pedido do paciente",
        "accounts": [str(ward.physician.account)],
    }
    ward.made(ward.clerk, f"{base}/restrictions", wish)
    change = {"certainty": "suspeito", "reason": "Outra avaliação"}
    asked = [
        *(("GET", f"{base}/{path}", None) for path in ("header", "problems", "notes", "tasks")),
        ("GET", f"/problems/{entry['id']}", None),
        ("GET", f"/problems/{entry['id']}/versions", None),
        ("POST", f"{base}/search", {"text": "hipertensão"}),
        ("POST", f"{base}/problems", PROBLEM),
        ("POST", f"{base}/allergies", {"substance": {"original": "Látex"}}),
        ("PUT", f"/problems/{entry['id']}", change),
    ]
    for method, path, body in asked:
        answer = ward.ask(ward.physician, method, path, body, version=1)
        assert (answer.status_code, answer.json()["type"]) == (403, CLOSED), path
    assert ward.ask(ward.other_physician, "GET", f"{base}/problems").status_code == 200
    opening = {"patient_id": str(patient), "reason": "Parada cardiorrespiratória em andamento"}
    ward.made(ward.physician, "/emergency-accesses", opening)
    for method, path, body in asked:
        answer = ward.ask(ward.physician, method, path, body, version=1)
        assert answer.status_code in (200, 201), (path, answer.text)


def test_a_wish_said_of_one_identity_holds_for_the_merged_chart(ward: Hospital) -> None:
    kept, other = ward.patient(), ward.patient()
    wish = {
        "occurred_at": "2026-01-02T10:00:00Z",
        "reason": "Pedido do paciente",
        "accounts": [str(ward.nurse.account)],
    }
    ward.made(ward.clerk, f"/patients/{other}/restrictions", wish)
    form = {"kept_id": str(kept), "merged_id": str(other), "reason": "Mesmo documento"}
    ward.made(ward.clerk, "/merges", form)
    for identity in (kept, other):
        assert ward.ask(ward.nurse, "GET", f"/patients/{identity}/problems").json()["type"] == CLOSED
