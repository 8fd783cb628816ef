"""The real process: it starts, tells systemd, and leaves without losing a request."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    """Status and Connection header of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("connection", "")
    finally:
        connection.close()


# The service with one route more, which takes its time.
SLOW = """
import asyncio, os
from app.server import build_server
from app.settings import Settings

async def slow(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"

server = build_server(Settings.from_environment(os.environ))
server.config.app.add_api_route("/slow", slow)
server.run()
"""


class Process:
    """One service process and the datagrams it sends to systemd."""

    def __init__(self, folder: Path, *command: str, **settings: str) -> None:
        self.port = free_port()
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind(str(folder / "notify"))
        self._systemd.settimeout(20)
        variables = {"PORT": str(self.port), "MACHINE": "mac-a"} | settings
        self.child = subprocess.Popen(
            [sys.executable, *(command or ("-m", "app"))],
            cwd=PROJECT,
            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": str(folder / "notify")}
            | {f"PRONTUARIO_{name}": value for name, value in variables.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def told(self, message: str) -> None:
        """Wait until the process tells systemd ``message``."""
        while self._systemd.recv(100).decode() != message:
            pass

    def stop(self) -> None:
        """End it whatever its state."""
        self.child.kill()
        self.child.communicate()
        self._systemd.close()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(*command: str, **settings: str) -> Process:
        started.append(Process(tmp_path, *command, **settings))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.mark.timeout(60)
def test_sigterm_under_load_loses_no_request(process: Callable[..., Process]) -> None:
    service = process(DRAIN="2")
    service.told("READY=1")
    answers: list[int] = []
    # What the edge does: it looks at /ready and sends requests only while the last look was good.
    leaving = threading.Event()

    def ask() -> None:
        while not leaving.is_set():
            try:
                answers.append(get(service.port, "/api/v1/ping?value=1")[0])
            except OSError:
                answers.append(0)

    askers = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for asker in askers:
        asker.start()
    time.sleep(0.2)
    before = len(answers)
    service.child.send_signal(signal.SIGTERM)
    service.told("STOPPING=1")
    while get(service.port, "/ready")[0] == 200:
        time.sleep(0.01)
    assert get(service.port, "/api/v1/ping?value=1") == (200, "close")
    time.sleep(0.3)
    leaving.set()
    for asker in askers:
        asker.join()
    assert service.child.wait(10) == 0
    assert len(answers) > before > 0
    assert set(answers) == {200}


@pytest.mark.timeout(60)
def test_an_idle_connection_does_not_hold_up_the_exit(process: Callable[..., Process]) -> None:
    service = process(DRAIN="0.1", FINISH="5")
    service.told("READY=1")
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)
    connection.request("GET", "/live")
    connection.getresponse().read()
    started = time.monotonic()
    service.child.send_signal(signal.SIGTERM)
    assert service.child.wait(10) == 0
    assert time.monotonic() - started < 3
    connection.close()


def asking(port: int, seconds: float) -> tuple[threading.Thread, list[bytes]]:
    """A request that takes ``seconds``, under way, and what it will have received."""
    received: list[bytes] = []

    def ask() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"GET /slow?seconds={seconds} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            received.append(connection.recv(10_000))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    time.sleep(0.3)
    return thread, received


@pytest.mark.timeout(60)
def test_a_request_in_flight_is_finished_after_the_drain(process: Callable[..., Process]) -> None:
    service = process("-c", SLOW, DRAIN="0.1", FINISH="10")
    service.told("READY=1")
    thread, received = asking(service.port, seconds=1.5)
    service.child.send_signal(signal.SIGTERM)
    thread.join()
    assert received[0].startswith(b"HTTP/1.1 200")
    service.child.wait(10)


@pytest.mark.timeout(60)
def test_a_request_that_never_ends_is_cut_in_bounded_time(process: Callable[..., Process]) -> None:
    service = process("-c", SLOW, DRAIN="0.1", FINISH="1")
    service.told("READY=1")
    asking(service.port, seconds=3600)
    started = time.monotonic()
    service.child.send_signal(signal.SIGTERM)
    service.child.wait(20)
    assert 1 <= time.monotonic() - started < 8


@pytest.mark.timeout(60)
def test_a_second_signal_skips_the_drain(process: Callable[..., Process]) -> None:
    service = process(DRAIN="30")
    service.told("READY=1")
    service.child.send_signal(signal.SIGTERM)
    service.told("STOPPING=1")
    service.child.send_signal(signal.SIGTERM)
    service.child.wait(10)


@pytest.mark.timeout(60)
def test_a_log_that_nobody_reads_does_not_stop_the_service(process: Callable[..., Process]) -> None:
    service = process(DRAIN="0")
    service.told("READY=1")
    lines = 1000  # far more than a pipe holds
    assert {get(service.port, "/api/v1/ping?value=1")[0] for _ in range(lines)} == {200}


@pytest.mark.timeout(60)
def test_the_watchdog_is_fed(process: Callable[..., Process]) -> None:
    process().told("WATCHDOG=1")


@pytest.mark.timeout(60)
def test_a_wrong_environment_is_one_line_and_no_traceback(process: Callable[..., Process]) -> None:
    service = process(PORT="eighty")
    _, errors = service.child.communicate(timeout=20)
    assert service.child.returncode == os.EX_CONFIG
    assert errors.startswith("the service cannot start: PRONTUARIO_PORT='eighty'")
    assert len(errors.splitlines()) == 1


@pytest.mark.timeout(60)
def test_the_log_is_json_and_free_of_what_clients_send(process: Callable[..., Process]) -> None:
    service = process(DRAIN="0")
    service.told("READY=1")
    get(service.port, "/api/v1/ping?value=joao")
    with socket.create_connection(("127.0.0.1", service.port)) as junk:
        junk.sendall(b"joao \x00\xff\r\n\r\n")
        assert b"400" in junk.recv(1000)
    service.child.send_signal(signal.SIGTERM)
    output, errors = service.child.communicate(timeout=20)
    assert errors == ""
    assert all(line.startswith("{") for line in output.splitlines())
    assert '"route": "/api/v1/ping"' in output
    assert "joao" not in output
