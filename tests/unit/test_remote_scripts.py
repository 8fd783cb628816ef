"""The frame of every script that travels through the SSH door, run for real by sh."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.remote_script import RUNNER, assemble
from tests.unit.remote_machine import Machine, last_line

SECRET = "correct horse battery staple"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    root = tmp_path / "machine"
    root.mkdir()
    return Machine(root)


def test_a_step_gets_its_payload_byte_for_byte(machine: Machine) -> None:
    payload = "first\n#--payload--\n'quotes' $(touch harm) `touch harm` \\ \tação\n\nno newline at the end"
    result = machine.run("cat >received", payload=payload)
    assert result.returncode == 0, result.stderr
    assert (machine.root / "received").read_text() == payload
    assert not (machine.root / "harm").exists()


@settings(max_examples=25, deadline=None)
@given(payload=st.text(st.characters(blacklist_categories=["Cs"]), max_size=200))
def test_any_text_survives_the_journey(tmp_path_factory: pytest.TempPathFactory, payload: str) -> None:
    root = tmp_path_factory.mktemp("journey") / "machine"
    root.mkdir()
    Machine(root).run("cat >received", payload=payload)
    assert (root / "received").read_bytes() == payload.encode()


def test_a_step_that_gives_up_ends_with_its_own_line(machine: Machine) -> None:
    result = machine.run('echo noise >&2; die "haproxy is not installed: install it"')
    assert result.returncode != 0
    assert last_line(result) == "mac-a: step: haproxy is not installed: install it"


def test_the_first_failing_command_ends_the_step_and_is_named(machine: Machine) -> None:
    result = machine.run("false\ntouch reached")
    assert result.returncode != 0
    assert not (machine.root / "reached").exists()
    assert last_line(result).startswith("mac-a: step: a command of this step ended with status 1")


def test_an_unset_variable_ends_the_step(machine: Machine) -> None:
    assert machine.run('rm -rf "$nowhere/data"').returncode != 0


def test_a_step_that_hangs_is_stopped_and_says_so(machine: Machine) -> None:
    machine.limit = 0.5
    started = time.monotonic()
    result = machine.run("sleep 60 & wait")
    assert time.monotonic() - started < 5
    assert last_line(result).startswith("mac-a: step: stopped after 0.5 s")


def test_removing_runs_the_other_body_only(machine: Machine) -> None:
    result = machine.run("touch applied", remove="touch removed", verb="remove")
    assert result.returncode == 0
    assert [path.name for path in machine.root.iterdir()] == ["removed"]


def test_removing_leaves_a_machine_alone_that_was_renamed(machine: Machine) -> None:
    machine.name = "arbiter"
    result = machine.run("true", remove="touch removed", verb="remove")
    assert result.returncode == 0
    assert not (machine.root / "removed").exists()
    (line,) = result.stderr.splitlines()
    assert line.startswith("mac-a: step: nothing was removed, this machine is arbiter now: ")


def test_a_machine_with_another_name_can_be_taken_over(machine: Machine) -> None:
    machine.name = "debian"
    assert machine.run("touch applied").returncode == 0
    assert (machine.root / "applied").exists()


def test_a_step_without_removal_removes_successfully(machine: Machine) -> None:
    assert machine.run("true", verb="remove").returncode == 0


def test_a_script_that_contains_the_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="may not contain"):
        assemble(machine="mac-a", step="step", apply="cat <<x\n#--payload--\nx")


def test_the_command_line_holds_no_payload_and_leaves_no_file(tmp_path: Path) -> None:
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text('#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n')
    sudo.chmod(0o755)
    (tmp_path / "run").mkdir()
    body = 'cat >received; for p in /proc/[0-9]*; do tr "\\0" " " <"$p/cmdline"; done >processes 2>/dev/null'
    subprocess.run(
        ["sh", "-c", (RUNNER % "apply").replace("/run/", f"{tmp_path}/run/")],
        input=assemble(machine="mac-a", step="step", apply=f"{body} || :", payload=SECRET),
        env=os.environ | {"PATH": f"{sudo.parent}:{os.environ['PATH']}"},
        cwd=tmp_path,
        text=True,
        check=True,
    )
    assert (tmp_path / "received").read_text() == SECRET
    assert "mktemp" in (tmp_path / "processes").read_text()
    assert SECRET not in (tmp_path / "processes").read_text()
    assert list((tmp_path / "run").iterdir()) == []


def test_the_exit_status_passes_the_command_line(tmp_path: Path) -> None:
    command = (RUNNER % "apply").replace("sudo -n ", "").replace("/run/", f"{tmp_path}/")
    script = assemble(machine="mac-a", step="step", apply="exit 7")
    assert subprocess.run(["sh", "-c", command], input=script, text=True, check=False).returncode == 7
