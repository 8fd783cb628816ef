"""Tokens are short, change hands once, and any machine takes them."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.settings import Settings
from tests.records.identity.hospital import CHOSEN, Hospital, Person, forged_token
from tests.records.server import Server


def refused(person: Person) -> bool:
    """Whether the person's access token opens nothing."""
    return person.ask("GET", "/session").status_code == 401


@pytest.mark.parametrize(
    "token", [pytest.param(forged_token(), id="random"), "x", "", "' OR 1=1 --", "x" * 5000, "a.b.c"]
)
def test_a_forged_token_opens_nothing(ana: Person, token: str) -> None:
    answer = ana.hospital.client.get("/api/v1/session", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="prontuario"'
    assert answer.json()["detail"] == "Entre no sistema e tente novamente."


def test_no_token_opens_nothing(hospital: Hospital) -> None:
    assert hospital.client.get("/api/v1/session").status_code == 401


def test_an_access_token_expires_and_is_renewed(ana: Person) -> None:
    ana.hospital.pass_time(300)
    assert refused(ana)
    ana.keep(ana.renew())
    assert not refused(ana)


def test_the_two_tokens_are_not_taken_for_each_other(ana: Person) -> None:
    assert ana.renew(ana.access).status_code == 401
    ana.access = ana.refresh
    assert refused(ana)


@pytest.mark.sbis("NGS1.02.23", "a copied token ends the session")
def test_a_refresh_token_shown_again_after_its_successor_was_used_ends_the_session(ana: Person) -> None:
    stolen = ana.refresh
    ana.keep(ana.renew())
    assert not refused(ana)
    assert ana.renew(stolen).status_code == 401
    assert refused(ana)
    assert ana.renew().status_code == 401


def test_a_refresh_token_shown_again_much_later_ends_the_session(ana: Person) -> None:
    stolen = ana.refresh
    ana.keep(ana.renew())
    ana.hospital.pass_time(31)
    assert ana.renew(stolen).status_code == 401
    assert refused(ana)


def test_a_renewal_whose_answer_was_lost_is_asked_again_and_voids_what_was_lost(ana: Person) -> None:
    first = ana.refresh
    lost = ana.renew().json()
    ana.keep(ana.renew(first))
    assert not refused(ana)
    assert ana.renew(lost["refresh_token"]).status_code == 401
    ghost = Person(ana.hospital, ana.username, CHOSEN, lost["access_token"])
    assert refused(ghost)


def test_of_two_renewals_at_the_same_time_one_pair_serves(
    ana: Person, migrated: Settings, server: Server
) -> None:
    other = Hospital(migrated, server)
    body = {"refresh_token": ana.refresh}
    # Both have read the token as unused before either may go on.
    held = "BEGIN; SELECT id FROM sessions FOR UPDATE; SELECT pg_sleep(3); COMMIT"
    with other.client, ThreadPoolExecutor(3) as threads:
        threads.submit(ana.hospital.sql, held)
        time.sleep(1)
        asked = [
            threads.submit(one.client.request, "POST", "/api/v1/sessions/renewal", json=body)
            for one in (ana.hospital, other)
        ]
        answers = [one.result().json() for one in asked]
    serving = [
        not refused(Person(ana.hospital, ana.username, CHOSEN, one["access_token"])) for one in answers
    ]
    assert sorted(serving) == [False, True]


def test_a_session_goes_on_at_another_machine_and_after_the_database_came_back(
    ana: Person, migrated: Settings, server: Server
) -> None:
    server.restart()
    other = Hospital(migrated.model_copy(update={"machine": "mac-b"}), server)
    with other.client:
        there = Person(other, ana.username, CHOSEN, ana.access, ana.refresh)
        assert not refused(there)
        there.keep(there.renew())
        assert not refused(there)


def test_leaving_ends_both_tokens(ana: Person) -> None:
    assert ana.ask("DELETE", "/session").status_code == 204
    assert refused(ana)
    assert ana.renew().status_code == 401


def test_a_session_ends_at_last_whatever_its_person_does(ana: Person) -> None:
    ana.hospital.sql("UPDATE sessions SET expires_at = now() + interval '10 seconds'")
    ana.keep(ana.renew())
    assert (
        ana.hospital.sql("SELECT max(expires_at) <= now() + interval '10 seconds' FROM session_tokens") == "f"
    )
    ana.hospital.pass_time(11)
    assert refused(ana)
    assert ana.renew().status_code == 401


@pytest.mark.sbis("NGS1.02.20", "inactivity locks the session after a time kept in the database")
def test_who_does_nothing_is_locked_out_and_goes_on_where_they_were(ana: Person) -> None:
    ana.hospital.pass_time(290)
    ana.hospital.pass_time(611)
    ana.keep(ana.renew())
    locked = ana.ask("GET", "/accounts")
    assert locked.status_code == 423
    assert locked.json()["type"] == "urn:prontuario:problema:sessao-bloqueada"
    assert ana.ask("GET", "/session").json()["locked"] is True
    assert ana.prove("Senha errada 9").status_code == 401
    assert ana.ask("GET", "/accounts").status_code == 423
    assert ana.prove().status_code == 204
    assert ana.ask("GET", "/accounts").status_code == 200


def test_a_locked_session_stays_locked_until_its_person_proves_it(ana: Person) -> None:
    ana.hospital.pass_time(901)
    ana.keep(ana.renew())
    assert ana.ask("GET", "/accounts").status_code == 423
    ana.hospital.sql("UPDATE security_policies SET inactivity_seconds = 3600, version = version + 1")
    assert ana.ask("GET", "/accounts").status_code == 423


def test_a_locked_session_may_be_ended_by_whoever_finds_it(ana: Person) -> None:
    ana.hospital.pass_time(901)
    ana.keep(ana.renew())
    assert ana.ask("DELETE", "/session").status_code == 204
    assert refused(ana)


def test_work_keeps_a_session_open_and_a_screen_by_itself_does_not(ana: Person) -> None:
    for _ in range(3):
        ana.hospital.pass_time(250)
        ana.keep(ana.renew())
        assert ana.ask("GET", "/accounts").status_code == 200
        ana.hospital.pass_time(250)
        ana.keep(ana.renew())
    ana.keep(ana.renew())
    for _ in range(4):
        ana.hospital.pass_time(250)
        ana.keep(ana.renew())
        last = ana.ask("GET", "/session", headers={"x-prontuario-automatico": "1"})
    assert last.json()["locked"] is True


def test_a_closed_account_loses_its_sessions_at_once(ana: Person) -> None:
    # The trigger that keeps an administrator is not asked here.
    ana.hospital.sql("ALTER TABLE accounts DISABLE TRIGGER USER")
    ana.hospital.sql("UPDATE accounts SET active = false")
    assert refused(ana)
    assert ana.renew().status_code == 401
