"""Names, locks and processes on the computer that carries a lab."""

import multiprocessing
import os
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


def test_a_file_is_published_whole_and_private(tmp_path: Path) -> None:
    host.write_atomically(tmp_path / "key", "secret", mode=0o600)
    assert (tmp_path / "key").read_text() == "secret"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
