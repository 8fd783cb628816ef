"""The whole hospital under its drills: deployed, broken, measured, and as before afterwards."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lab.hospital import Lab
from tests.lab.deployment import ask, workspace
from toolchain.workspace import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.timeout(400)]
NAME = "test-drills"
STACK = "lab"


def make(target: str) -> str:
    """``make TARGET`` as a person types it, for a lab of the test's own; returns what it printed."""
    environment = {**os.environ, "PRONTUARIO_LAB": NAME, "COLUMNS": "200"}
    run = partial(subprocess.run, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, timeout=300)
    done = run(["make", target], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    try:
        make("up")
        yield Lab.named(NAME)
    finally:
        make("down")


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


def test_reads_resume_after_every_fault_of_http_failover(lab: Lab, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "lab", f"--lab={lab.name}", "exec", "--"]
    argv += [
        sys.executable,
        "-m",
        "drills",
        "run",
        "http-failover",
        "--runs",
        "1",
        "--results",
        str(tmp_path),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "http-failover.json").read_text())
    assert result["max_rto_s"] < 5
    assert result["lost"] == 0
    assert all(run["acked"] > 100 and run["wrong"] == 0 for run in result["runs"])
    assert (tmp_path / "http-failover.png").stat().st_size > 10_000


def test_the_hospital_is_whole_after_the_drill(lab: Lab) -> None:
    assert all(machine.is_running() for machine in lab.machines.values())
    assert ask(lab, "/ready").status_code == 200
    assert set(workspace(lab, STACK).preview()["changeSummary"]) == {"same"}
