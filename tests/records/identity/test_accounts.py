"""Administrators make accounts, and can neither raise themselves nor leave the hospital without one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.domain.caller import Role
from app.settings import Settings
from tests.records.identity.hospital import CHOSEN, FIRST, Hospital, Person, new_cpf
from tests.records.server import Server

WHY = "mudou de setor"


def form(**others: Any) -> dict[str, Any]:
    """A nurse."""
    return {"username": "bia.lima", "name": "Bia Lima", "cpf": new_cpf(), "roles": ["enfermagem"]} | others


def version_of(ana: Person, account: str) -> int:
    """The version of an account that was just read."""
    return int(ana.ask("GET", f"/accounts/{account}").headers["etag"].strip('"'))


def change(ana: Person, account: str, what: str, **values: Any) -> httpx.Response:
    """A change of the version that was just read."""
    body = {"reason": WHY} | values
    return ana.write("PUT", f"/accounts/{account}{what}", body, version_of(ana, account))


@pytest.mark.sbis("NGS1.03.08", "administrators alone manage accounts")
@pytest.mark.parametrize("role", [one for one in Role if one is not Role.ADMINISTRATOR])
def test_nobody_but_an_administrator_sees_or_makes_accounts(ana: Person, role: Role) -> None:
    other = ana.hospital.employ(ana, "outra.pessoa", role)
    assert other.ask("GET", "/accounts").status_code == 403
    assert other.write("POST", "/accounts", form()).status_code == 403
    assert other.ask("PUT", f"/accounts/{ana.account}/password", json={"password": FIRST}).status_code == 403


def test_a_new_account_has_no_password_until_one_is_set(ana: Person) -> None:
    made = ana.write("POST", "/accounts", form(registration="COREN-SP 123456", occupation="223505"))
    assert made.status_code == 201
    assert made.headers["etag"] == '"1"'
    assert ana.hospital.sign_in("bia.lima", FIRST).status_code == 401


def test_the_same_request_asked_twice_makes_one_account(ana: Person) -> None:
    headers, body = {"idempotency-key": "once-only-please"}, form()
    answers = [ana.ask("POST", "/accounts", json=body, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(ana.ask("GET", "/accounts").json()) == 2


@pytest.mark.sbis("NGS1.03.09", "a person has one account, by CPF")
@pytest.mark.parametrize("same", ["username", "cpf"])
def test_a_username_and_a_cpf_belong_to_one_account(ana: Person, same: str) -> None:
    first = form()
    ana.write("POST", "/accounts", first)
    refused = ana.write("POST", "/accounts", form(**{"username": "outra"} | {same: first[same]}))
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith("Já existe uma conta com este")


@pytest.mark.parametrize(
    "wrong",
    [
        {"cpf": "111.111.111-11"},
        {"roles": []},
        {"roles": ["medico", "medico"]},
        {"roles": ["root"]},
        {"username": "Bia"},
        {"username": "x'; --"},
        {"registration": "123"},
        {"active": True},
    ],
    ids=str,
)
def test_an_account_that_breaks_a_rule_is_refused(ana: Person, wrong: dict[str, Any]) -> None:
    assert ana.write("POST", "/accounts", form(**wrong)).status_code == 422


def test_a_cpf_changes_with_a_reason_that_the_history_keeps(ana: Person) -> None:
    bia = ana.write("POST", "/accounts", form()).json()
    new = {"name": "Bia Lima", "cpf": new_cpf()}
    without = ana.write("PUT", f"/accounts/{bia['id']}", new, 1)
    assert without.status_code == 422
    assert change(ana, bia["id"], "", **new).json()["change_reason"] == WHY
    kept = "SELECT string_agg(content ->> 'cpf', ' ' ORDER BY version) FROM history WHERE kind = 'accounts'"
    assert bia["cpf"] in ana.hospital.sql(kept)
    with pytest.raises(AssertionError, match="a CPF is not changed without a reason"):
        ana.hospital.sql(
            "UPDATE accounts SET cpf = '11144477735', version = version + 1, change_reason = NULL"
            " WHERE username = 'bia.lima'"
        )


def test_of_two_who_change_the_same_version_one_is_told(ana: Person) -> None:
    bia = ana.write("POST", "/accounts", form()).json()
    body = {"roles": ["medico"], "reason": WHY}
    assert ana.write("PUT", f"/accounts/{bia['id']}/roles", body, 1).status_code == 200
    assert ana.write("PUT", f"/accounts/{bia['id']}/roles", body, 1).status_code == 412


@pytest.mark.sbis("NGS1.03.01", "what somebody may do comes from the roles they hold now")
def test_other_roles_hold_from_the_next_request_on(ana: Person) -> None:
    bia = ana.hospital.employ(ana, "bia", Role.NURSE)
    assert bia.ask("GET", "/accounts").status_code == 403
    assert change(ana, bia.account, "/roles", roles=["administrador"]).status_code == 200
    assert bia.ask("GET", "/accounts").status_code == 200


@pytest.mark.sbis("NGS1.03.11", "nobody changes their own rights")
@pytest.mark.parametrize(
    ("what", "values"), [("/roles", {"roles": ["medico", "administrador"]}), ("/standing", {"active": False})]
)
def test_nobody_changes_their_own_rights(ana: Person, what: str, values: dict[str, Any]) -> None:
    assert change(ana, ana.account, what, **values).status_code == 403
    last = "SELECT event, account, detail ->> 'status' FROM audit ORDER BY entry DESC LIMIT 1"
    assert ana.hospital.sql(last) == f"acesso.negado|{ana.account}|403"


@pytest.mark.sbis("NGS1.03.09", "an account is never deleted")
def test_the_database_itself_refuses_what_nobody_may_do(ana: Person) -> None:
    own = "UPDATE accounts SET roles = '{medico}', version = version + 1, changed_by = id"
    with pytest.raises(AssertionError, match="nobody changes their own rights"):
        ana.hospital.sql(own)
    with pytest.raises(AssertionError, match="always an active administrator"):
        ana.hospital.sql(own.replace("changed_by = id", "changed_by = gen_random_uuid()"))
    with pytest.raises(AssertionError, match="nothing of the record is ever deleted"):
        ana.hospital.sql("DELETE FROM accounts")


@pytest.mark.sbis("NGS1.03.10", "there is always an active administrator")
def test_two_administrators_who_close_each_other_leave_one(
    ana: Person, migrated: Settings, server: Server
) -> None:
    bia = ana.hospital.employ(ana, "bia", Role.ADMINISTRATOR)
    other = Hospital(migrated, server)
    versions = {one.account: version_of(ana, one.account) for one in (ana, bia)}
    there = Person(other, "bia", CHOSEN, bia.access)
    body = {"active": False, "reason": WHY}
    with other.client, ThreadPoolExecutor(2) as threads:
        asked = [
            threads.submit(who.write, "PUT", f"/accounts/{whom}/standing", body, versions[whom])
            for who, whom in ((ana, bia.account), (there, ana.account))
        ]
        statuses = sorted(one.result().status_code for one in asked)
    assert statuses[0] == 200
    assert statuses[1] in (401, 409)
    assert ana.hospital.sql("SELECT count(*) FROM accounts WHERE active") == "1"


def test_a_closed_account_opens_nothing_until_it_is_opened_again(ana: Person) -> None:
    bia = ana.hospital.employ(ana, "bia", Role.NURSE)
    assert change(ana, bia.account, "/standing", active=False).status_code == 200
    assert bia.ask("GET", "/session").status_code == 401
    assert ana.hospital.sign_in("bia", CHOSEN).status_code == 401
    assert change(ana, bia.account, "/standing", active=True).status_code == 200
    assert bia.ask("GET", "/session").status_code == 401
    assert ana.hospital.sign_in("bia", CHOSEN).status_code == 201


@pytest.mark.sbis("NGS1.02.09", "an administrator makes somebody choose another password")
def test_a_reset_password_unlocks_ends_sessions_and_must_be_replaced(ana: Person) -> None:
    bia = ana.hospital.employ(ana, "bia", Role.NURSE)
    for _ in range(5):
        ana.hospital.sign_in("bia", "Senha errada 9")
    assert ana.ask("GET", f"/accounts/{bia.account}").json()["locked"] is True
    reset = ana.ask("PUT", f"/accounts/{bia.account}/password", json={"password": "Nova senha 7"})
    assert reset.status_code == 204
    assert bia.ask("GET", "/session").status_code == 401
    again = Person(ana.hospital, "bia", "Nova senha 7").sign_in()
    assert again.details["password_due"] is True
    assert again.details["failures_since_then"] == 5


def test_an_administrators_own_password_is_changed_by_showing_it(ana: Person) -> None:
    own = ana.ask("PUT", f"/accounts/{ana.account}/password", json={"password": "Nova senha 7"})
    assert own.status_code == 403


def test_a_lost_device_loses_its_session(ana: Person) -> None:
    bia = ana.hospital.employ(ana, "bia", Role.NURSE)
    assert ana.ask("DELETE", f"/accounts/{bia.account}/sessions").status_code == 204
    assert bia.ask("GET", "/session").status_code == 401


@pytest.mark.sbis("NGS1.02.14", "critical acts ask for the password again")
def test_administering_asks_for_a_recent_proof(ana: Person) -> None:
    ana.hospital.pass_time(290)
    ana.keep(ana.renew())
    ana.hospital.pass_time(20)
    refused = ana.write("POST", "/accounts", form())
    assert refused.status_code == 401
    assert refused.json()["type"] == "urn:prontuario:problema:confirme-sua-identidade"
    assert ana.prove().status_code == 204
    assert ana.write("POST", "/accounts", form()).status_code == 201


def test_no_password_and_no_cpf_stands_in_the_audit_or_the_keys(ana: Person) -> None:
    bia = ana.hospital.employ(ana, "bia", Role.NURSE)
    cpf = ana.ask("GET", f"/accounts/{bia.account}").json()["account"]["cpf"]
    audit = ana.hospital.sql("SELECT a::text FROM audit a")
    assert "conta.criada" in audit
    assert cpf not in audit
    assert CHOSEN not in audit
    assert FIRST not in ana.hospital.sql("SELECT k::text FROM idempotency_keys k")
