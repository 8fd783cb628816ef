"""An instance that neither works nor dies is ended; every other one is left alone."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pulumi
import pytest

from components import records_watchdog
from components.machine import MachineArgs, MacStudio
from components.records_watchdog import RecordsWatchdog, RecordsWatchdogArgs
from infra.config.load import read_hospital
from tests.components.conftest import PRIVATE_KEY, Engine, hospital_document

SCRIPT = Path(records_watchdog.__file__).with_name("scripts") / "prontuario-records-watchdog.py"

INSTANCE = """\
import os, socket, threading
door = socket.socket(socket.AF_UNIX)
door.bind(os.environ["PGHOST"] + "/.s.PGSQL.5432")
door.listen()
while True:
    caller, _ = door.accept()
    caller.recv(8)
    caller.sendall(b"N")
    caller.close()
"""


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("prontuario_records_watchdog", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, seconds in {"EVERY": 0.05, "TRY": 0.2, "PATIENCE": 1.0, "STALL": 5.0}.items():
        monkeypatch.setattr(module, name, seconds)
    return module


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like CloudNativePG's and answers like PostgreSQL."""
    (tmp_path / "instance").write_text(INSTANCE)
    (tmp_path / "pgdata").mkdir()
    environment = {
        "NAMESPACE": "medical-data",
        "CLUSTER_NAME": f"records-{os.getpid()}",
        "POD_NAME": "records-1",
        "PGHOST": str(tmp_path),
        "PGPORT": "5432",
        "PGDATA": str(tmp_path / "pgdata"),
    }
    process = subprocess.Popen(
        ["/controller/manager", "instance", "run"], executable=sys.executable, cwd=tmp_path, env=environment
    )
    until((tmp_path / ".s.PGSQL.5432").exists)
    yield process
    process.kill()
    process.wait()


def until(true: Callable[[], bool], within: float = 20.0) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def watch(script: ModuleType) -> list[int]:
    """One look at every instance of this test; who was found."""
    return [one.pid for one in script.instances("medical-data", f"records-{os.getpid()}")]


def test_it_finds_its_cluster_and_no_other(script: ModuleType, instance: subprocess.Popen[bytes]) -> None:
    assert watch(script) == [instance.pid]
    assert list(script.instances("medical-data", "restored")) == []
    assert list(script.instances("elsewhere", f"records-{os.getpid()}")) == []


def test_a_frozen_one_is_ended_and_one_that_works_is_not(instance: subprocess.Popen[bytes]) -> None:
    program = (
        f"import runpy, sys; main = runpy.run_path({str(SCRIPT)!r})['main'];"
        "main.__globals__.update(EVERY=0.05, TRY=0.2, PATIENCE=1.0); main(*sys.argv[1:])"
    )
    words = [sys.executable, "-uc", program, "medical-data", f"records-{os.getpid()}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as guard:
        try:
            time.sleep(2.5)
            assert instance.poll() is None
            frozen = time.monotonic()
            instance.send_signal(signal.SIGSTOP)
            assert instance.wait(timeout=20) == -signal.SIGKILL
            assert time.monotonic() - frozen >= 0.8
            assert guard.stdout is not None
            said = guard.stdout.readline().strip()
            assert said == f"ended records-1 (process {instance.pid}): PostgreSQL has not answered for 1 s"
        finally:
            guard.kill()


def test_all_of_a_container_is_ended_and_nothing_beside_it(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "PROC", tmp_path)
    spaces = {"self": 1, "7": 1, "40": 2, "41": 2, "42": 3, "43": 2}
    for process, space in spaces.items():
        (tmp_path / process / "ns").mkdir(parents=True)
        (tmp_path / process / "ns/pid").symlink_to(f"pid:[{space}]")
    (tmp_path / "44").mkdir()  # gone between two looks
    assert sorted(script.container(40)) == [40, 41, 43]
    assert script.container(7) == [7]
    assert script.container(44) == [44]


class Clock:
    """Time that passes when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Pretended:
    """An instance whose signs of life are set by hand."""

    name, pid = "records-1", 0

    def __init__(self) -> None:
        self.disk: Callable[[], None] = lambda: None
        self.door: Callable[[], None] = lambda: None

    def knock(self) -> None:
        self.door()

    def write(self) -> None:
        self.disk()


def fail(error: Exception) -> Callable[[], None]:
    def raising() -> None:
        raise error

    return raising


def looks(script: ModuleType, watch: object, clock: Clock, times: int, apart: float = 0.4) -> list[str]:
    """What is said in so many looks."""
    said = []
    for _ in range(times):
        clock.now += apart
        said.append(watch.look())  # type: ignore[attr-defined]
        time.sleep(0.02)
    return [words for words in said if words]


def test_a_disk_that_hangs_is_told_apart(script: ModuleType) -> None:
    pretended, clock, gone = Pretended(), Clock(), threading.Event()
    watch = script.Watch(pretended, clock)
    assert looks(script, watch, clock, 5) == []
    pretended.disk = lambda: (gone.wait(), None)[1]
    assert "its disk has not answered for 1 s" in looks(script, watch, clock, 5)[0]
    gone.set()


@pytest.mark.parametrize("error", [ConnectionRefusedError(), FileNotFoundError(), OSError(28, "full")])
def test_what_fails_at_once_is_left_to_others(script: ModuleType, error: OSError) -> None:
    pretended, clock = Pretended(), Clock()
    watch = script.Watch(pretended, clock)
    looks(script, watch, clock, 3)
    pretended.door = pretended.disk = fail(error)
    assert looks(script, watch, clock, 10) == []


@pytest.mark.parametrize("error", [TimeoutError(), BlockingIOError()])
def test_nobody_who_takes_the_knock_is_no_answer(script: ModuleType, error: OSError) -> None:
    pretended, clock = Pretended(), Clock()
    watch = script.Watch(pretended, clock)
    looks(script, watch, clock, 3)
    pretended.door = fail(error)
    assert "PostgreSQL has not answered" in looks(script, watch, clock, 5)[0]


def test_one_that_never_gave_both_signs_is_still_starting(script: ModuleType) -> None:
    pretended, clock = Pretended(), Clock()
    pretended.door = fail(TimeoutError())
    assert looks(script, script.Watch(pretended, clock), clock, 20) == []


def test_a_machine_that_stood_still_itself_starts_to_count_anew(script: ModuleType) -> None:
    pretended, clock = Pretended(), Clock()
    watch = script.Watch(pretended, clock)
    looks(script, watch, clock, 3)
    pretended.door = fail(TimeoutError())
    assert looks(script, watch, clock, 6, apart=6.0) == []


@pulumi.runtime.test
async def test_every_mac_gets_one(engine: Engine) -> None:
    hospital = read_hospital(hospital_document("prod"))
    key = pulumi.Output.secret(PRIVATE_KEY)
    macs = [MacStudio(name, MachineArgs.of(hospital, name, key)) for name in hospital.macs]
    RecordsWatchdog("watchdog", RecordsWatchdogArgs(macs))
    await engine.settled()
    ours = [one.name for one in engine.of_type("remote:Command") if one.parent == "watchdog"]
    assert sorted(ours) == [
        f"{mac}-watchdog-{step}" for mac in hospital.macs for step in ("program", "service")
    ]
    service = engine.named("mac-a-watchdog-service")
    assert "mac-a-watchdog-program" in service.depends_on
