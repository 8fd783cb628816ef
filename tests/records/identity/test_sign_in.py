"""A name and a password open a session; whatever is wrong is told with the same words."""

import pytest

from app.domain.caller import Role
from tests.records.identity.hospital import ADMINISTRATOR, CHOSEN, FIRST, Hospital, Person

WRONG = "Senha errada 9"


@pytest.mark.sbis("NGS1.02.01", "nobody is let in who has not proved who they are")
def test_the_right_password_opens_a_session_that_tells_who_and_what(hospital: Hospital) -> None:
    ana = hospital.first_administrator().sign_in()
    seen = ana.ask("GET", "/session").json()
    assert seen["name"] == "Ana Admin"
    assert seen["roles"] == ["administrador"]
    assert seen["previous_sign_in_at"] is None
    assert seen["failures_since_then"] == 0


@pytest.mark.sbis("NGS1.02.16", "a refused sign-in never says what was wrong")
def test_every_cause_of_a_refusal_reads_the_same(hospital: Hospital, ana: Person) -> None:
    answers = [hospital.sign_in(ADMINISTRATOR, WRONG), hospital.sign_in("ninguem", WRONG)]
    hospital.sql("UPDATE sign_in_states SET locked_until = now() + interval '1 hour'")
    answers.append(hospital.sign_in(ADMINISTRATOR, CHOSEN))
    told = [{k: v for k, v in one.json().items() if k != "codigo"} for one in answers]
    assert told[0] == told[1] == told[2]
    assert told[0]["type"] == "urn:prontuario:problema:credenciais-recusadas"
    assert [one.status_code for one in answers] == [401, 401, 401]


@pytest.mark.sbis("NGS1.02.13", "too many failed tries lock the account")
def test_too_many_tries_lock_the_account_for_as_long_as_the_policy_says(
    hospital: Hospital, ana: Person
) -> None:
    hospital.sql("UPDATE security_policies SET tries = 3, version = version + 1")
    for _ in range(3):
        assert hospital.sign_in(ADMINISTRATOR, WRONG).status_code == 401
    assert hospital.sign_in(ADMINISTRATOR, CHOSEN).status_code == 401
    hospital.pass_time(901)
    assert hospital.sign_in(ADMINISTRATOR, CHOSEN).status_code == 201


@pytest.mark.sbis("NGS1.02.13", "the number of tries is a setting of at most ten")
def test_the_policy_cannot_be_switched_off(hospital: Hospital) -> None:
    for wrong in ("tries = 11", "inactivity_seconds = 0", "lock_seconds = 1"):
        with pytest.raises(AssertionError, match="ck_security_policies"):
            hospital.sql(f"UPDATE security_policies SET version = version + 1, {wrong}")  # noqa: S608


@pytest.mark.sbis("NGS1.02.15", "the owner sees the last sign-in and the failures since")
def test_the_last_sign_in_and_failures_since_then_are_shown_to_the_owner(
    hospital: Hospital, ana: Person
) -> None:
    for _ in range(2):
        hospital.sign_in(ADMINISTRATOR, WRONG)
    again = Person(hospital, ADMINISTRATOR, CHOSEN).sign_in()
    assert again.details["failures_since_then"] == 2
    assert again.details["previous_sign_in_at"] == ana.details["opened_at"]
    once_more = Person(hospital, ADMINISTRATOR, CHOSEN).sign_in()
    assert once_more.details["failures_since_then"] == 0


@pytest.mark.sbis("NGS1.02.23", "a sign-in recorded and replayed opens nothing")
def test_a_recorded_sign_in_that_is_sent_again_opens_nothing(hospital: Hospital, ana: Person) -> None:
    challenge = hospital.challenge()
    assert hospital.sign_in(ADMINISTRATOR, CHOSEN, challenge).status_code == 201
    again = hospital.sign_in(ADMINISTRATOR, CHOSEN, challenge)
    assert again.status_code == 409
    assert again.json()["type"] == "urn:prontuario:problema:tentativa-vencida"


def test_an_attempt_left_for_too_long_is_void(hospital: Hospital, ana: Person) -> None:
    challenge = hospital.challenge()
    hospital.pass_time(301)
    assert hospital.sign_in(ADMINISTRATOR, CHOSEN, challenge).status_code == 409


def test_a_challenge_for_proving_again_is_none_for_signing_in(hospital: Hospital, ana: Person) -> None:
    assert hospital.sign_in(ADMINISTRATOR, CHOSEN, ana.challenge()).status_code == 409


@pytest.mark.sbis("NGS1.02.06", "a password set by an administrator must be replaced before anything else")
def test_an_administrators_password_is_good_for_choosing_another_and_nothing_else(
    hospital: Hospital,
) -> None:
    ana = hospital.first_administrator().sign_in()
    refused = ana.ask("GET", "/accounts")
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:prontuario:problema:troca-de-senha-obrigatoria"
    assert ana.choose(CHOSEN).status_code == 204
    assert ana.ask("GET", "/accounts").status_code == 200


@pytest.mark.sbis("NGS1.02.11", "a new password is none of the last two")
@pytest.mark.sbis("NGS1.02.03", "a password has eight characters, a letter and a digit")
@pytest.mark.parametrize(
    "new", ["curta1", "semalgarismo", "1234567890", f"x{ADMINISTRATOR}1", FIRST, CHOSEN, "a1" * 101]
)
def test_a_password_that_breaks_a_rule_is_refused(ana: Person, new: str) -> None:
    assert ana.choose(new).status_code == 422
    assert ana.password == CHOSEN


def test_a_password_from_before_the_last_two_may_come_back(ana: Person) -> None:
    assert ana.choose("Outra senha 3").status_code == 204
    assert ana.choose(FIRST).status_code == 204


@pytest.mark.sbis("NGS1.02.08", "people change their own password by showing the present one")
def test_another_password_ends_the_other_sessions(hospital: Hospital, ana: Person) -> None:
    elsewhere = Person(hospital, ADMINISTRATOR, CHOSEN).sign_in()
    assert ana.choose("Outra senha 3").status_code == 204
    assert elsewhere.ask("GET", "/session").status_code == 401
    assert ana.ask("GET", "/session").status_code == 200


@pytest.mark.sbis("NGS1.02.02", "passwords are kept as Argon2id hashes alone")
def test_what_is_kept_of_passwords_and_tokens_opens_nothing(hospital: Hospital, ana: Person) -> None:
    kept = hospital.sql("SELECT hash FROM passwords")
    assert all(one.startswith("$argon2id$") for one in kept.splitlines())
    everything = hospital.sql("SELECT t::text FROM session_tokens t") + hospital.sql(
        "SELECT s::text FROM sessions s"
    )
    assert ana.access not in everything
    assert ana.refresh not in everything


@pytest.mark.sbis("NGS1.02.19", "every hash has a salt of its own")
def test_the_same_password_is_kept_differently_each_time(hospital: Hospital, ana: Person) -> None:
    hospital.employ(ana, "bia", Role.NURSE)
    kept = hospital.sql("SELECT hash FROM passwords").splitlines()
    assert len(kept) == 4
    assert len({one.rsplit("$", 2)[1] for one in kept}) == 4
