"""The whole hospital under its drills: broken, measured, and as before afterwards."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.hospital import Lab
from tests.lab.deployment import ask, workspace
from tests.lab.hospital.conftest import STACK

pytestmark = [pytest.mark.lab, pytest.mark.timeout(700)]


def carry_out(lab: Lab, name: str, results: Path) -> dict[str, Any]:
    """One run of a drill, which has to keep its budget; returns its results."""
    inside = [sys.executable, "-m", "lab", f"--lab={lab.name}", "exec", "--"]
    drill = [sys.executable, "-m", "drills", "run", name, "--runs", "1", "--results", str(results)]
    done = subprocess.run([*inside, *drill], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (results / f"{name}.png").stat().st_size > 10_000
    result: dict[str, Any] = json.loads((results / f"{name}.json").read_text())
    return result


def test_reads_resume_after_every_fault_of_http_failover(lab: Lab, tmp_path: Path) -> None:
    result = carry_out(lab, "http-failover", tmp_path)
    assert result["max_rto_s"] < 5
    assert result["lost"] == 0
    assert all(run["acked"] > 100 and run["wrong"] == 0 for run in result["runs"])


def test_nothing_acknowledged_is_lost_with_the_primary(lab: Lab, tmp_path: Path) -> None:
    result = carry_out(lab, "primary-loss", tmp_path)
    assert result["lost"] == 0
    assert all(run["acked"] > 100 and run["duplicated"] == 0 for run in result["runs"])


def test_the_hospital_is_whole_after_the_drills(lab: Lab) -> None:
    assert all(machine.is_running() for machine in lab.machines.values())
    assert ask(lab, "/ready").status_code == 200
    assert set(workspace(lab, STACK).preview()["changeSummary"]) == {"same"}
