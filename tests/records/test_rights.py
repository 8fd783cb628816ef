"""What patients decide of their data stays as it was decided; what the law holds is held."""

from datetime import date
from typing import Any

import pytest

from app.database.connection import DATABASE
from app.domain.rights import end_of_duty, judged
from tests.records.hospital import Hospital
from tests.records.server import Server

GIVEN = {"purpose": "pesquisa", "decision": "autorizado", "occurred_at": "2026-11-01T10:00:00Z"}
DAUGHTER = {"name": "Bia Gonçalves", "cpf": "111.444.777-35", "bond": "filha"}
NURSE = (
    "INSERT INTO accounts (id, version, username, name, cpf, roles, active, recorded_by)"
    " VALUES ('{0}', 1, 'n', 'N', '52998224725', '{{enfermagem}}', true, '{0}')"
)
ENDED = {"occurred_at": "2026-11-10T10:00:00Z", "reason": "Mudou de ideia"}


def consents(hospital: Hospital, patient: Any) -> Any:
    """All of a patient's."""
    return hospital.ask(hospital.nurse, "GET", f"/patients/{patient}/consents").json()["items"]


@pytest.mark.sbis("NGS1.11.05", "a consent has a purpose, a state, who decided, and the signed form")
def test_a_consent_tells_who_decided_what_when(hospital: Hospital) -> None:
    patient = hospital.patient()
    hospital.made(hospital.clerk, f"/patients/{patient}/consents", GIVEN | {"representative": DAUGHTER})
    [seen] = consents(hospital, patient)
    assert (seen["state"], seen["purpose"], seen["recorded_by"]) == (
        "autorizado", "pesquisa", str(hospital.clerk.account),
    )  # fmt: skip
    assert seen["representative"]["cpf"] == "11144477735"


@pytest.mark.sbis("NGS1.11.06", "a revocation stands beside the consent, with time, author, and both states")
def test_a_consent_is_revoked_without_being_edited(hospital: Hospital, server: Server) -> None:
    patient = hospital.patient()
    made = hospital.made(hospital.clerk, f"/patients/{patient}/consents", GIVEN)
    before = server.sql(DATABASE, "SELECT consents::text FROM consents")
    hospital.made(hospital.nurse, f"/consents/{made['id']}/revocation", ENDED)
    [seen] = consents(hospital, patient)
    assert (seen["decision"], seen["state"]) == ("autorizado", "revogado")
    assert (seen["revoked_by"], seen["revocation_reason"]) == (str(hospital.nurse.account), "Mudou de ideia")
    assert server.sql(DATABASE, "SELECT consents::text FROM consents") == before
    again = hospital.ask(hospital.nurse, "POST", f"/consents/{made['id']}/revocation", ENDED)
    assert again.status_code == 409


@pytest.mark.parametrize("table", ["consents", "consent_revocations", "erasure_requests", "signed_documents"])
def test_decisions_are_never_rewritten(hospital: Hospital, server: Server, table: str) -> None:
    del hospital
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
        with pytest.raises(AssertionError, match="is refused"):
            server.sql(DATABASE, statement)


def test_a_revocation_follows_what_it_revokes(hospital: Hospital) -> None:
    patient = hospital.patient()
    made = hospital.made(hospital.clerk, f"/patients/{patient}/consents", GIVEN)
    early = ENDED | {"occurred_at": "2026-10-01T10:00:00Z"}
    assert (
        hospital.ask(hospital.clerk, "POST", f"/consents/{made['id']}/revocation", early).status_code == 422
    )
    refused = hospital.made(
        hospital.clerk, f"/patients/{patient}/consents", GIVEN | {"decision": "nao-autorizado"}
    )
    answer = hospital.ask(hospital.clerk, "POST", f"/consents/{refused['id']}/revocation", ENDED)
    assert answer.status_code == 409


@pytest.mark.sbis("NGS1.11.04", "a patient closes the chart to people or roles, and opens it again")
@pytest.mark.parametrize("whom", ["account", "role"])
def test_a_closed_chart_opens_again_when_the_patient_says_so(hospital: Hospital, whom: str) -> None:
    patient = hospital.patient()
    named = {"accounts": [str(hospital.nurse.account)]} if whom == "account" else {"roles": ["enfermagem"]}
    wish = {"occurred_at": "2026-11-01T10:00:00Z", "reason": "Parente trabalha no setor"} | named
    made = hospital.made(hospital.clerk, f"/patients/{patient}/restrictions", wish)
    path = f"/patients/{patient}/header"
    for closed in (path, f"/patients/{patient}/documents", f"/patients/{patient}/problems"):
        answer = hospital.ask(hospital.nurse, "GET", closed)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "prontuario-restrito")
        assert hospital.ask(hospital.physician, "GET", closed).status_code == 200
    end = {"reason": "Paciente pediu a abertura"}
    hospital.ask(hospital.clerk, "POST", f"/restrictions/{made['id']}/end", end, version=1)
    assert hospital.ask(hospital.nurse, "GET", path).status_code == 200


@pytest.mark.sbis("NGS1.11.07", "a closed chart opens in an emergency, for a reason")
def test_a_closed_chart_opens_in_an_emergency(hospital: Hospital, server: Server) -> None:
    patient = hospital.patient()
    wish = {"occurred_at": "2026-11-01T10:00:00Z", "reason": "Pedido do paciente", "roles": ["enfermagem"]}
    hospital.made(hospital.clerk, f"/patients/{patient}/restrictions", wish)
    path = f"/patients/{patient}/header"
    assert hospital.ask(hospital.nurse, "GET", path).status_code == 403
    server.sql(DATABASE, NURSE.format(hospital.nurse.account))
    glass = {"patient_id": str(patient), "reason": "Parada cardiorrespiratória no leito 4"}
    hospital.made(hospital.nurse, "/emergency-accesses", glass)
    assert hospital.ask(hospital.nurse, "GET", path).status_code == 200


@pytest.mark.parametrize(
    ("last", "today", "held", "decision"),
    [
        (date(2006, 11, 20), date(2026, 11, 19), False, "negado"),
        (date(2006, 11, 20), date(2026, 11, 20), False, "deferido"),
        (date(2004, 2, 29), date(2024, 2, 28), False, "negado"),
        (date(2004, 2, 29), date(2024, 2, 29), False, "deferido"),
        (date(1990, 1, 1), date(2026, 1, 1), True, "negado"),
    ],
)
def test_the_duty_is_twenty_years_from_the_last_entry(
    last: date, today: date, held: bool, decision: str
) -> None:
    assert judged(last, today, held=held)[0] == decision


def test_a_leap_day_is_kept_to_its_last_day() -> None:
    assert end_of_duty(date(2080, 2, 29)) == date(2100, 3, 1)


def test_a_wish_to_be_erased_is_answered_by_the_law_and_kept(hospital: Hospital, server: Server) -> None:
    patient = hospital.patient()
    wish = {"occurred_at": "2026-11-01T10:00:00Z"}
    answer = hospital.made(hospital.clerk, f"/patients/{patient}/erasure-requests", wish)
    assert answer["decision"] == "negado"
    assert "13.787" in answer["cause"]
    assert answer["keep_until"] == end_of_duty(date.today()).isoformat()
    assert server.sql(DATABASE, "SELECT count(*) FROM patients") == "1"
    events = server.sql(DATABASE, "SELECT event FROM audit ORDER BY entry DESC LIMIT 2").split()
    assert events == ["eliminacao.decidida", "eliminacao.pedida"]


def test_an_order_to_keep_is_named_first_and_ends_with_a_reason(hospital: Hospital) -> None:
    patient = hospital.patient()
    order = {
        "authority": "1ª Vara Cível",
        "process": "0000001-00.2026.8.26.0100",
        "reason": "Ofício recebido",
    }
    made = hospital.made(hospital.clerk, f"/patients/{patient}/legal-holds", order)
    wish = {"occurred_at": "2026-11-01T10:00:00Z"}
    assert (
        "guarda legal"
        in hospital.made(hospital.clerk, f"/patients/{patient}/erasure-requests", wish)["cause"]
    )
    path = f"/legal-holds/{made['id']}/end"
    assert hospital.ask(hospital.nurse, "POST", path, {"reason": "Revogada"}, version=1).status_code == 403
    assert hospital.ask(hospital.clerk, "POST", path, {"reason": "Ordem revogada"}, version=1).json()[
        "ended_at"
    ]
    assert "13.787" in hospital.made(hospital.clerk, f"/patients/{patient}/erasure-requests", wish)["cause"]
