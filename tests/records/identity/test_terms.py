"""Terms of use: accepted before anything else, asked again when they change, and kept for ever."""

import pytest

from app.domain.caller import Role
from app.services.audit import Event
from tests.records.identity.hospital import CHOSEN, Hospital, Person

FIRST = "Use o prontuário somente para cuidar de quem você atende."
SECOND = f"{FIRST} Não compartilhe sua senha."


def publish(ana: Person, text: str) -> int:
    """The number of a version that Ana publishes."""
    made = ana.write("POST", "/terms", {"text": text})
    assert made.status_code == 201, made.text
    return int(made.json()["number"])


def accept(person: Person, number: int) -> int:
    """The status of the answer."""
    return person.ask("POST", f"/session/terms/{number}/acceptance").status_code


@pytest.fixture
def dora(hospital: Hospital, ana: Person) -> Person:
    """A physician, at work before there were any terms."""
    return hospital.employ(ana, "dora", Role.PHYSICIAN)


def test_while_nothing_is_published_nothing_is_asked(dora: Person) -> None:
    assert dora.details["terms_due"] is False
    assert dora.ask("GET", "/session/terms").status_code == 404
    assert accept(dora, 1) == 404
    assert dora.ask("GET", "/tasks").status_code == 200


@pytest.mark.sbis(
    "NGS1.11.01", "the terms of use are accepted at the first sign-in, before anything else is shown"
)
def test_nobody_does_anything_before_accepting(hospital: Hospital, ana: Person, dora: Person) -> None:
    number = publish(ana, FIRST)
    dora.sign_in()
    assert dora.details["terms_due"] is True
    refused = dora.ask("GET", "/tasks")
    assert (refused.status_code, refused.json()["type"]) == (
        403,
        "urn:prontuario:problema:termo-de-uso-pendente",
    )
    shown = dora.ask("GET", "/session/terms").json()
    assert (shown["number"], shown["text"], shown["accepted_at"]) == (number, FIRST, None)
    assert accept(dora, number) == 204
    assert dora.ask("GET", "/tasks").status_code == 200
    assert dora.ask("GET", "/session/terms").json()["accepted_at"]
    assert dora.sign_in().details["terms_due"] is False
    kept = (
        f"SELECT count(*) FROM terms_acceptances WHERE account_id = '{dora.account}' AND accepted_at <= now()"  # noqa: S608
    )
    assert hospital.sql(kept) == "1"


@pytest.mark.sbis("NGS1.11.01", "a new version of the terms is asked for again; both acceptances are kept")
def test_a_new_version_asks_again_from_the_next_sign_in_on(
    hospital: Hospital, ana: Person, dora: Person
) -> None:
    publish(ana, FIRST)
    dora.sign_in()
    assert accept(dora, 1) == 204
    assert publish(ana, SECOND) == 2
    assert dora.ask("GET", "/tasks").status_code == 200, "nobody's work is interrupted"
    dora.sign_in()
    assert dora.ask("GET", "/tasks").status_code == 403
    assert accept(dora, 1) == 409, "what was read must be what holds"
    assert accept(dora, 3) == 404
    assert accept(dora, 2) == accept(dora, 2) == 204
    assert dora.ask("GET", "/tasks").status_code == 200
    rows = f"SELECT detail ->> 'version' FROM audit WHERE event = '{Event.TERMS_ACCEPTED}' ORDER BY entry"  # noqa: S608
    assert hospital.sql(rows).splitlines() == ["1", "2"]


def test_who_must_accept_can_still_leave_and_a_locked_screen_accepts_nothing(
    hospital: Hospital, ana: Person, dora: Person
) -> None:
    publish(ana, FIRST)
    dora.sign_in()
    hospital.pass_time(3600)
    dora.keep(dora.renew())
    assert accept(dora, 1) == 423
    assert dora.ask("DELETE", "/session").status_code == 204


def test_only_an_administrator_publishes_and_nothing_published_changes(
    hospital: Hospital, ana: Person, dora: Person
) -> None:
    assert dora.write("POST", "/terms", {"text": FIRST}).status_code == 403
    publish(ana, FIRST)
    for statement in ("UPDATE terms SET text = 'outro'", "DELETE FROM terms_acceptances"):
        with pytest.raises(AssertionError):
            hospital.sql(statement)
    assert hospital.sign_in("dora", CHOSEN).json()["details"]["terms_due"] is True
