"""A phone tells right answers from wrong ones and from none at all, and trusts one authority."""

from pathlib import Path

import pytest

from drills.framework.client import Door, Phone, trusting
from drills.framework.history import Outcome
from tests.unit.drills.ward import make_authority, open_ward

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("keep_alive", [True, False])
async def test_an_echo_is_right_and_says_who_answered(authority: Path, keep_alive: bool) -> None:
    async with open_ward(authority) as ward:
        phone = Phone("p", ward.door, keep_alive=keep_alive)
        attempts = [await phone.attempt(f"question {number} ã&?", 1.0) for number in range(5)]
        phone.hang_up()
    assert [attempt.outcome for attempt in attempts] == [Outcome.OK] * 5
    assert (attempts[0].machine, attempts[0].edge) == ("mac-a", "mac-b")
    assert ward.connections == (1 if keep_alive else 5)


@pytest.mark.parametrize(
    ("mood", "outcome", "error"),
    [
        ("lying", Outcome.WRONG, "another request's answer"),
        ("babbling", Outcome.WRONG, "not an echo"),
        ("sick", Outcome.FAILED, "status 503"),
        ("silent", Outcome.FAILED, "timeout"),
        ("rude", Outcome.FAILED, "reset"),
    ],
)
async def test_what_is_not_an_echo_is_named(authority: Path, mood: str, outcome: Outcome, error: str) -> None:
    async with open_ward(authority) as ward:
        ward.mood = mood
        attempt = await Phone("p", ward.door, keep_alive=True).attempt("question", 0.3)
    assert (attempt.outcome, attempt.error) == (outcome, error)


async def test_a_connection_that_failed_is_not_used_again(authority: Path) -> None:
    async with open_ward(authority) as ward:
        phone = Phone("p", ward.door, keep_alive=True)
        await phone.attempt("one", 1.0)
        ward.mood = "silent"
        await phone.attempt("two", 0.1)
        ward.mood = "well"
        assert (await phone.attempt("three", 1.0)).outcome is Outcome.OK
        phone.hang_up()
    assert ward.connections == 2


async def test_a_closed_door_is_a_failure_and_not_an_exception(authority: Path) -> None:
    async with open_ward(authority) as ward:
        door = ward.door
    attempt = await Phone("p", door, keep_alive=False).attempt("question", 0.5)
    assert (attempt.outcome, attempt.error) == (Outcome.FAILED, "refused")


async def test_another_authority_is_refused(authority: Path, tmp_path: Path) -> None:
    stranger = trusting(make_authority(tmp_path) / "ca.pem")
    async with open_ward(authority) as ward:
        door = Door(ward.door.address, ward.door.server_name, stranger, ward.door.port)
        attempt = await Phone("p", door, keep_alive=False).attempt("question", 1.0)
        assert ward.requests == 0
    assert (attempt.outcome, attempt.error) == (Outcome.FAILED, "certificate refused")


async def test_a_certificate_for_another_name_is_refused(authority: Path) -> None:
    async with open_ward(authority) as ward:
        door = Door(ward.door.address, "other.hospital.test", ward.door.tls, ward.door.port)
        attempt = await Phone("p", door, keep_alive=False).attempt("question", 1.0)
    assert attempt.error == "certificate refused"
