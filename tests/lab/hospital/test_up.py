"""What a person has after ``make up``."""

import time

import pytest

from lab.hospital import Lab
from tests.lab.deployment import ask, workspace
from tests.lab.hospital.conftest import STACK, make

pytestmark = [pytest.mark.lab, pytest.mark.timeout(700)]


def test_make_up_says_where_everything_is_and_again_changes_nothing(lab: Lab) -> None:
    started = time.monotonic()
    said = make("up")
    # Twenty seconds on an idle computer; a loaded one must not fail a build.
    assert time.monotonic() - started < 60
    assert f"127.0.0.1:{lab.door_ports['https']}" in said or f":{lab.door_ports['https']}/" in said
    assert "unchanged" in said
    assert "created" not in said


def test_make_status_names_the_holder_of_the_address(lab: Lab) -> None:
    assert "192.168.100.100" in make("status")


def test_second_preview_of_three_machines_changes_nothing(lab: Lab) -> None:
    assert set(workspace(lab, STACK).preview()["changeSummary"]) == {"same"}


def test_one_machine_holds_the_floating_address(lab: Lab) -> None:
    address = workspace(lab, STACK).outputs()["address"]
    assert sum(machine.holds(address) for machine in lab.machines.values()) == 1


def test_the_service_answers_on_the_floating_address(lab: Lab) -> None:
    assert ask(lab, "/ready").status_code == 200
