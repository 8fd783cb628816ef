"""The glass can be broken, for a reason, for a while, and in front of everybody."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.domain.caller import Caller, Role
from app.services.emergency import has_broken_the_glass
from tests.records.identity.hospital import Hospital, Person

WHY = "Paciente inconsciente na sala vermelha; família ausente."


@pytest.fixture
def patient(hospital: Hospital, ana: Person) -> str:
    """A patient, registered by the clerk."""
    clerk = hospital.employ(ana, "caio", Role.ADMINISTRATIVE)
    form = {"name": "Maria Souza", "mother": "Rita Souza", "birth": "1950-02-01", "sex": "female"}
    made = clerk.write("POST", "/patients", form | {"certain_new": True})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


@pytest.fixture
def physician(hospital: Hospital, ana: Person) -> Person:
    """A physician."""
    return hospital.employ(ana, "dora", Role.PHYSICIAN)


@pytest.fixture
def auditor(hospital: Hospital, ana: Person) -> Person:
    """Who reviews."""
    return hospital.employ(ana, "elis", Role.AUDITOR)


def break_glass(person: Person, patient: str, **others: Any) -> httpx.Response:
    """Open a chart."""
    return person.write("POST", "/emergency-accesses", {"patient_id": patient, "reason": WHY} | others)


def is_open(person: Person, patient: str) -> bool:
    """What the services of the record are told."""
    identity = person.hospital.app.state.identity

    async def ask() -> bool:
        caller = Caller(UUID(person.account), uuid4(), frozenset({Role.PHYSICIAN}))
        async with identity.database.transaction() as session:
            return await has_broken_the_glass(session, caller, [UUID(patient)])

    return bool(person.hospital.client.run(ask()))


@pytest.mark.sbis("NGS1.11.07", "a closed chart opens in an emergency for a reason and a limited time")
def test_a_chart_opens_for_a_reason_and_closes_by_itself(physician: Person, patient: str) -> None:
    assert not is_open(physician, patient)
    opened = break_glass(physician, patient)
    assert opened.status_code == 201, opened.text
    assert is_open(physician, patient)
    mine = physician.ask("GET", "/emergency-accesses/mine").json()
    assert [one["id"] for one in mine] == [opened.json()["id"]]
    physician.hospital.sql("ALTER TABLE emergency_accesses DISABLE TRIGGER USER")
    physician.hospital.sql("UPDATE emergency_accesses SET expires_at = expires_at - interval '3600 seconds'")
    assert not is_open(physician, patient)
    assert physician.ask("GET", "/emergency-accesses/mine").json() == []


def test_it_opens_for_nobody_else_and_no_other_chart(
    hospital: Hospital, ana: Person, physician: Person, patient: str
) -> None:
    nurse = hospital.employ(ana, "fabi", Role.NURSE)
    break_glass(physician, patient)
    assert not is_open(nurse, patient)
    assert not is_open(physician, str(uuid4()))


@pytest.mark.parametrize("reason", ["", "urgente", "x" * 501, "com\x00controle e mais texto"], ids=repr)
def test_a_reason_that_nobody_could_judge_is_refused(physician: Person, patient: str, reason: str) -> None:
    assert break_glass(physician, patient, reason=reason).status_code == 422


def test_an_unknown_patient_has_no_chart_to_open(physician: Person) -> None:
    assert break_glass(physician, str(uuid4())).status_code == 404


def test_it_is_opened_once_at_a_time(physician: Person, patient: str) -> None:
    assert break_glass(physician, patient).status_code == 201
    assert break_glass(physician, patient).status_code == 409


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.ADMINISTRATIVE, Role.AUDITOR])
def test_who_treats_nobody_breaks_no_glass(hospital: Hospital, ana: Person, patient: str, role: Role) -> None:
    person = hospital.employ(ana, "gil.souza", role)
    assert break_glass(person, patient).status_code == 403


def test_it_asks_for_a_recent_proof(physician: Person, patient: str) -> None:
    physician.hospital.pass_time(290)
    physician.keep(physician.renew())
    physician.hospital.pass_time(20)
    assert break_glass(physician, patient).json()["type"] == "urn:prontuario:problema:confirme-sua-identidade"


def test_who_opened_it_may_close_it_and_nobody_else(
    hospital: Hospital, ana: Person, physician: Person, patient: str
) -> None:
    nurse = hospital.employ(ana, "fabi", Role.NURSE)
    made = break_glass(physician, patient).json()
    assert nurse.write("POST", f"/emergency-accesses/{made['id']}/end", None, 1).status_code == 404
    assert physician.write("POST", f"/emergency-accesses/{made['id']}/end", None, 1).status_code == 200
    assert not is_open(physician, patient)
    assert physician.write("POST", f"/emergency-accesses/{made['id']}/end", None, 2).status_code == 409


def test_each_waits_until_somebody_else_has_judged_it_for_ever(
    physician: Person, auditor: Person, patient: str
) -> None:
    made = break_glass(physician, patient).json()
    assert physician.ask("GET", "/emergency-accesses/waiting").status_code == 403
    assert [one["reason"] for one in auditor.ask("GET", "/emergency-accesses/waiting").json()] == [WHY]
    form = {"verdict": "nao-justificado", "remark": "O prontuário não era necessário."}
    place = f"/emergency-accesses/{made['id']}/review"
    assert physician.write("POST", place, form, 1).status_code == 403
    assert auditor.write("POST", place, form, 1).status_code == 200
    assert auditor.ask("GET", "/emergency-accesses/waiting").json() == []
    assert auditor.write("POST", place, form | {"verdict": "justificado"}, 2).status_code == 409


def test_nobody_judges_their_own_whatever_roles_they_hold(
    hospital: Hospital, ana: Person, patient: str
) -> None:
    both = hospital.employ(ana, "hugo", Role.PHYSICIAN, Role.AUDITOR)
    made = break_glass(both, patient).json()
    form = {"verdict": "justificado", "remark": "Foi necessário."}
    assert both.write("POST", f"/emergency-accesses/{made['id']}/review", form, 1).status_code == 403
    with pytest.raises(AssertionError, match="ck_emergency_accesses_judge"):
        hospital.sql("UPDATE emergency_accesses SET verdict = 'justificado', version = version + 1")


@pytest.mark.sbis("NGS1.11.07", "emergency access leaves its trail in the audit")
def test_the_audit_tells_who_opened_whose_chart_and_not_why(
    hospital: Hospital, physician: Person, auditor: Person, patient: str
) -> None:
    made = break_glass(physician, patient).json()
    form = {"verdict": "justificado", "remark": "Foi necessário."}
    auditor.write("POST", f"/emergency-accesses/{made['id']}/review", form, 1)
    told = hospital.sql(
        "SELECT event, account, patient FROM audit WHERE event LIKE 'emergencia.%' ORDER BY entry"
    )
    assert told.splitlines() == [
        f"emergencia.iniciada|{physician.account}|{patient}",
        f"emergencia.revista|{auditor.account}|{patient}",
    ]
    assert "inconsciente" not in hospital.sql("SELECT a::text FROM audit a")
