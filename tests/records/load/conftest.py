"""A hospital behind TLS on this computer, with patients and an administrator, for a load to use."""

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.seed_command import run as seed
from app.services.terminology_save import save_to_records
from app.settings import Settings
from app.terminology.load import load_seed
from tests.records.identity.hospital import ADMINISTRATOR, CHOSEN, Hospital
from tests.records.server import Server

REPOSITORY = Path(__file__).resolve().parents[3]
_BEGINS_WITHIN = 120.0


@dataclass(frozen=True)
class Front:
    """How a load finds the hospital."""

    base: str
    authority: Path
    administrator: str = ADMINISTRATOR
    password: str = CHOSEN


Opened = Callable[[str], Front]
"""Opens the hospital with a fault, or with ``none``."""


@pytest.fixture(scope="module")
def records(ward_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Some hundred invented patients, the codes of vital signs, and an administrator."""
    settings = ward_server.settings(tmp_path_factory.mktemp("load") / "credentials")
    loaded = load_seed("loinc")
    save_to_records(settings)(loaded.edition, loaded.concepts)
    hospital = Hospital(settings, ward_server)
    with hospital.client:
        hospital.administrator()
    assert seed(settings, ["--patients", "300"]) == os.EX_OK
    return settings


@pytest.fixture(scope="module")
def opened(records: Settings, ward_server: Server) -> Iterator[Opened]:
    """One service for each fault, stopped at the end."""
    pki = ward_server.root / "pki"
    running: dict[str, Front] = {}
    with ExitStack() as stack:

        def start(fault: str) -> Front:
            if fault not in running:
                port = _free_port()
                stack.callback(_stop, _serve(records, pki, port, fault))
                running[fault] = Front(f"https://127.0.0.1:{port}", pki / "ca.crt")
                _wait(port, pki / "ca.crt")
            return running[fault]

        yield start


def _serve(records: Settings, pki: Path, port: int, fault: str) -> subprocess.Popen[bytes]:
    told = {
        "MACHINE": "mac-a",
        "RECORDS_ADDRESS": str(records.records_address),
        "RECORDS_PORT": str(records.records_port),
        "CHECK_INTERVAL": "600",
    }
    environment = {f"PRONTUARIO_{name}": value for name, value in told.items()}
    words = [str(pki / "tls.crt"), str(pki / "tls.key"), str(port), fault]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.records.load.faults", *words],
        cwd=REPOSITORY,
        env=os.environ | environment | {"CREDENTIALS_DIRECTORY": str(records.credentials)},
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=60)


def _wait(port: int, authority: Path) -> None:
    context = ssl.create_default_context(cafile=str(authority))
    deadline = time.monotonic() + _BEGINS_WITHIN
    while True:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1"),
            ):
                return
        except OSError:
            assert time.monotonic() < deadline, "the service did not come up"
            time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
