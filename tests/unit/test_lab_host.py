"""Names, locks and processes on the computer that carries a lab."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import host
from lab.host import LabError


@pytest.mark.parametrize("name", ["", "a/b", "../up", "-x", "Hospital", "a b", "a.b", "x" * 32])
def test_a_lab_name_that_is_no_safe_path_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="lab name"):
        host.lab_name(name)


def test_the_lab_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRONTUARIO_LAB", "second")
    assert host.lab_name() == "second"
    monkeypatch.delenv("PRONTUARIO_LAB")
    assert host.lab_name() == "hospital"


def test_folders_follow_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert host.state_folder("hospital") == tmp_path / "prontuario/labs/hospital"


def test_a_dead_process_has_no_birth() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 10
    while host.started(process.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert host.started(process.pid) is None  # a zombie until it is waited for
    process.wait()
    assert host.started(process.pid) is None


def test_a_birth_is_the_same_as_long_as_the_process_lives() -> None:
    assert host.started(os.getpid()) == host.started(os.getpid()) is not None


def test_a_command_that_fails_says_its_last_line() -> None:
    with pytest.raises(LabError, match=r"sh -c .*: the reason$"):
        host.command(["sh", "-c", "echo first >&2; echo the reason >&2; exit 3"])


def test_a_missing_command_is_named() -> None:
    with pytest.raises(LabError, match="no-such-tool is not installed"):
        host.command(["no-such-tool"])


def test_a_command_that_hangs_is_named() -> None:
    with pytest.raises(LabError, match=r"sleep 5: no answer within 0\.05 s"):
        host.command(["sleep", "5"], timeout=0.05)


def _count(lock: Path, counter: Path) -> None:
    for _ in range(20):
        with host.locked(lock, waiting="waiting", progress=host.Progress(quiet=True)):
            value = int(counter.read_text())
            time.sleep(0.001)
            counter.write_text(str(value + 1))


def test_a_lock_lets_one_in_at_a_time_and_leaves_no_file(tmp_path: Path) -> None:
    lock, counter = tmp_path / "lock", tmp_path / "counter"
    counter.write_text("0")
    workers = [multiprocessing.Process(target=_count, args=(lock, counter)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert counter.read_text() == "60"
    assert not lock.exists()


def test_a_lock_survives_its_folder_being_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, opened = tmp_path / "run", os.open

    def open_late(path: Path, flags: int, mode: int) -> int:
        monkeypatch.setattr("os.open", opened)
        folder.rmdir()  # what the last other lab does between our mkdir and our open
        return opened(path, flags, mode)

    monkeypatch.setattr("os.open", open_late)
    with host.locked(folder / "lock", waiting=""):
        assert (folder / "lock").exists()


def test_a_signal_that_comes_too_late_is_no_error() -> None:
    process = subprocess.Popen(["sleep", "60"])
    assert host.send(process.pid, signal.SIGKILL)
    process.wait()
    assert not host.send(process.pid, signal.SIGKILL)


def test_a_message_names_a_command_that_works_as_it_is_typed() -> None:
    assert host.typed("up") == "`.venv/bin/python -m lab up`"
    assert host.typed("start", "mac-a", lab="second") == "`.venv/bin/python -m lab --lab=second start mac-a`"


def test_no_message_of_the_lab_names_a_command_of_its_own_making() -> None:
    for module in Path(host.__file__).parent.glob("*.py"):
        for line in module.read_text().splitlines():
            assert not re.search(r"(?<!`)`python -m", line), f"{module}: {line}"


def test_a_file_is_published_whole_and_private(tmp_path: Path) -> None:
    host.write_atomically(tmp_path / "key", "secret", mode=0o600)
    assert (tmp_path / "key").read_text() == "secret"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
