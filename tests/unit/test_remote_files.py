"""A file and an upload on a machine: all of it or nothing, whatever happens on the way."""

import hashlib
import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from components.remote_script import call, function
from tests.unit.remote_machine import OWNER, Machine, last_line


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    root = tmp_path / "machine"
    root.mkdir()
    return Machine(root)


# A file


def test_a_file_gets_its_content_and_mode(machine: Machine) -> None:
    result = machine.put("listen\n", mode="0600")
    assert result.returncode == 0, result.stderr
    assert machine.target.read_text() == "listen\n"
    assert machine.target.stat().st_mode & 0o777 == 0o600
    assert machine.leftovers == []


def test_changed_runs_only_when_the_content_differs(machine: Machine) -> None:
    count = 'echo "$1" >>runs'
    for content in ("one", "one", "two"):
        assert machine.put(content, changed=count).returncode == 0
    assert (machine.root / "runs").read_text().splitlines() == [str(machine.target)] * 2


def test_a_mode_alone_is_corrected_without_a_reload(machine: Machine) -> None:
    machine.put("one", mode="0600")
    assert machine.put("one", mode="0644", changed="touch reloaded").returncode == 0
    assert machine.target.stat().st_mode & 0o777 == 0o644
    assert not (machine.root / "reloaded").exists()


def test_a_refused_candidate_leaves_the_running_file_untouched(machine: Machine) -> None:
    machine.put("good\n")
    check = 'grep -q good "$1" || { echo "line 1: unknown keyword" >&2; return 1; }'
    result = machine.put("bad\n", check=check, changed="touch reloaded")
    assert result.returncode != 0
    assert "line 1: unknown keyword" in result.stderr
    assert last_line(result).startswith(f"mac-a: step: the new {machine.target} was refused")
    assert machine.target.read_text() == "good\n"
    assert not (machine.root / "reloaded").exists()
    assert machine.leftovers == []


def test_every_line_of_a_check_counts(machine: Machine) -> None:
    assert machine.put("new\n", check="false\ntrue").returncode != 0
    assert not machine.target.exists()


def test_a_file_that_cannot_be_put_in_force_is_put_back(machine: Machine) -> None:
    machine.put("good\n")
    result = machine.put("bad\n", changed='cat "$1" >>runs; grep -q good "$1"')
    assert result.returncode != 0
    assert "previous one is back in force" in last_line(result)
    assert machine.target.read_text() == "good\n"
    assert (machine.root / "runs").read_text() == "bad\ngood\n"
    assert machine.leftovers == []


def test_a_first_file_that_cannot_be_put_in_force_is_gone_again(machine: Machine) -> None:
    result = machine.put("bad\n", changed="false")
    assert "it is gone again" in last_line(result)
    assert not machine.target.exists()
    assert machine.leftovers == []


def test_a_service_that_stays_broken_is_reported_as_such(machine: Machine) -> None:
    machine.put("good\n")
    result = machine.put("bad\n", changed="false")
    assert "repair this machine by hand" in last_line(result)
    assert machine.target.read_text() == "good\n"


def test_a_power_cut_before_the_reload_is_made_good_by_the_next_run(machine: Machine) -> None:
    machine.put("old\n")
    machine.put("new\n", changed="kill -9 -$PPID")
    assert machine.target.read_text() == "new\n"
    result = machine.put("new\n", changed="touch reloaded")
    assert result.returncode == 0, result.stderr
    assert (machine.root / "reloaded").exists()
    assert machine.leftovers == []


def test_a_full_disk_leaves_the_running_file_untouched(machine: Machine) -> None:
    machine.put("good\n")

    def no_room() -> None:
        # The same error path as a full disk, for any user: a write beyond 64 KiB fails.
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

    result = machine.put("x" * 200_000, before=no_room)
    assert result.returncode != 0
    assert "free some space; the file there is untouched" in last_line(result)
    assert machine.target.read_text() == "good\n"
    assert machine.leftovers == []


def test_an_unknown_owner_is_named(machine: Machine) -> None:
    result = machine.run(
        f"check() {{ :; }}\nchanged() {{ :; }}\nput_file {machine.target} 0644 nobody-here:root",
        library="file.sh",
    )
    assert "nobody-here:root: create that user" in last_line(result)
    assert not machine.target.exists()


def test_dropping_a_file_twice_succeeds(machine: Machine) -> None:
    machine.put("good\n")
    for _ in range(2):
        result = machine.run(
            "", remove=call("drop_file", str(machine.target)), verb="remove", library="file.sh"
        )
        assert result.returncode == 0, result.stderr
        assert not machine.target.exists()


def test_a_path_with_blanks_and_quotes_is_one_path(machine: Machine) -> None:
    path = machine.root / "o'dd $(touch harm) name"
    result = machine.run(
        "check() { :; }\nchanged() { :; }\n" + call("put_file", str(path), "0644", OWNER),
        payload="content",
        library="file.sh",
    )
    assert result.returncode == 0, result.stderr
    assert path.read_text() == "content"


def filtered(machine: Machine, content: str, *, check: str = "") -> subprocess.CompletedProcess[str]:
    put = call("put_file", str(machine.target), "0640", OWNER)
    bodies = [function("check", check), function("changed", ""), f"sed s/@here@/there/ | {put}"]
    return machine.run("\n".join(bodies), payload=content, library="file.sh")


def test_what_only_the_machine_knows_is_filled_in_there(machine: Machine) -> None:
    assert filtered(machine, "where: @here@\n").returncode == 0
    assert machine.target.read_text() == "where: there\n"


def test_a_filtered_file_is_refused_like_any_other(machine: Machine) -> None:
    filtered(machine, "where: @here@\n")
    result = filtered(machine, "other: @here@\n", check="false")
    assert "was refused (reasons above)" in last_line(result)
    assert machine.target.read_text() == "where: there\n"
    assert machine.leftovers == []


# An upload


@pytest.fixture
def home(machine: Machine, tmp_path: Path) -> Path:
    """The login user's home, as getent and sudo would name it."""
    home = tmp_path / "home"
    getent = tmp_path / "bin" / "getent"
    (home / "incoming").mkdir(parents=True)
    getent.parent.mkdir()
    getent.write_text(f"#!/bin/sh\necho admin:x:1000:1000::{home}:/bin/sh\n")
    getent.chmod(0o755)
    chown = getent.with_name("chown")
    chown.write_text("#!/bin/sh\n")
    chown.chmod(0o755)
    machine.environment = {"PATH": f"{getent.parent}:{os.environ['PATH']}", "SUDO_USER": "admin"}
    return home


RELEASE = b"release" * 10_000
RELEASE_SUM = hashlib.sha256(RELEASE).hexdigest()


def install(machine: Machine, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    destination = str(machine.root / "opt" / "release.tar.gz")
    return machine.run(
        call("install_upload", "incoming/it", RELEASE_SUM, destination, "mac-a-release-copy"),
        library="upload.sh",
        before=before,
    )


def test_a_complete_upload_takes_its_place_once(machine: Machine, home: Path) -> None:
    (home / "incoming" / "it").write_bytes(RELEASE)
    for _ in range(2):
        result = install(machine)
        assert result.returncode == 0, result.stderr
        assert (machine.root / "opt" / "release.tar.gz").read_bytes() == RELEASE
        assert not (home / "incoming" / "it").exists()


def test_half_an_upload_never_takes_its_place(machine: Machine, home: Path) -> None:
    (machine.root / "opt").mkdir()
    (machine.root / "opt" / "release.tar.gz").write_bytes(b"the release that runs")
    (home / "incoming" / "it").write_bytes(RELEASE[:5000])
    result = install(machine)
    assert "arrived incomplete or changed" in last_line(result)
    assert last_line(result).endswith("pulumi up --replace '**::mac-a-release-copy'")
    assert [path.name for path in (machine.root / "opt").iterdir()] == ["release.tar.gz"]
    assert (machine.root / "opt" / "release.tar.gz").read_bytes() == b"the release that runs"


def test_an_upload_that_vanished_says_how_to_send_it_again(machine: Machine, home: Path) -> None:
    assert last_line(install(machine)).endswith("pulumi up --replace '**::mac-a-release-copy'")


def test_an_installation_that_was_interrupted_goes_on(machine: Machine, home: Path) -> None:
    (machine.root / "opt").mkdir()
    (machine.root / "opt" / f".prontuario.{RELEASE_SUM}").write_bytes(RELEASE)
    assert install(machine).returncode == 0
    assert (machine.root / "opt" / "release.tar.gz").read_bytes() == RELEASE


def test_an_upload_too_big_for_the_machine_is_refused_before_the_copy(machine: Machine, home: Path) -> None:
    free = shutil.disk_usage(machine.root).free
    step = call("make_room", "incoming/it", str(free * 2), str(machine.root / "opt" / "release.tar.gz"))
    result = machine.run(step, library="upload.sh")
    assert "free some space and run again" in last_line(result)
    small = call("make_room", "incoming/it", "1000", str(machine.root / "opt" / "release.tar.gz"))
    assert machine.run(small, library="upload.sh").returncode == 0


def test_dropping_an_upload_twice_succeeds_and_leaves_nothing(machine: Machine, home: Path) -> None:
    (home / "incoming" / "it").write_bytes(RELEASE)
    install(machine)
    destination = machine.root / "opt" / "release.tar.gz"
    for _ in range(2):
        drop = call("drop_upload", "incoming/it", str(destination))
        assert machine.run("", remove=drop, verb="remove", library="upload.sh").returncode == 0
        assert not destination.exists()
        assert not (home / "incoming").exists()
