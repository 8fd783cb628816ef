"""An administrator sets the rules of signing in, and can switch none of them off."""

from typing import Any

import pytest

from app.domain.caller import Role
from tests.records.identity.hospital import ADMINISTRATOR, CHOSEN, Person

RULES: dict[str, Any] = {
    "tries": 3,
    "lock_seconds": 60,
    "inactivity_seconds": 60,
    "proof_seconds": 60,
    "access_seconds": 60,
    "session_seconds": 900,
    "emergency_seconds": 300,
    "second_factor": False,
    "reason": "norma da comissão de prontuário",
}


def change(person: Person, **others: Any) -> int:
    """The status of a change of the version that was just read."""
    return person.write("PUT", "/security-policy", RULES | others, 1).status_code


def test_other_rules_hold_at_once_and_the_ones_before_stay_known(ana: Person) -> None:
    assert ana.ask("GET", "/security-policy").json()["tries"] == 5
    assert change(ana, inactivity_seconds=300) == 200
    for _ in range(3):
        ana.hospital.sign_in(ADMINISTRATOR, "Senha errada 9")
    assert ana.hospital.sign_in(ADMINISTRATOR, CHOSEN).status_code == 401
    ana.hospital.pass_time(200)
    assert ana.ask("GET", "/security-policy").status_code == 200
    ana.keep(ana.renew())
    ana.hospital.pass_time(301)
    ana.keep(ana.renew())
    assert ana.ask("GET", "/security-policy").status_code == 423
    kept = "SELECT count(*) FROM history WHERE kind = 'security_policies'"
    assert ana.hospital.sql(kept) == "2"


@pytest.mark.sbis("NGS1.02.20", "the inactivity lock can be set and not switched off")
@pytest.mark.parametrize(
    "wrong",
    [
        {"tries": 11},
        {"tries": 0},
        {"inactivity_seconds": 0},
        {"inactivity_seconds": 3601},
        {"lock_seconds": 1},
    ],
    ids=str,
)
def test_no_figure_switches_anything_off(ana: Person, wrong: dict[str, Any]) -> None:
    assert change(ana, **wrong) == 422


def test_nobody_but_an_administrator_changes_the_rules(ana: Person) -> None:
    assert change(ana.hospital.employ(ana, "dora", Role.PHYSICIAN)) == 403
