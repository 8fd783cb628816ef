"""What starting a process loads: every start takes the processor from the processes that serve."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.unit.app.signing.authority import Authority

PROJECT = Path(__file__).parents[3]
PROGRAM = """
import json, os, sys
from app.__main__ import main
from app.server import build_server
from app.settings import Settings
build_server(Settings.from_environment(os.environ))
print(json.dumps(sorted(sys.modules)))
"""
RARE = frozenset(
    {"typst", "pyhanko", "pyhanko_certvalidator", "asn1crypto", "webauthn", "phonenumbers"}
    | {"authlib", "joserfc", "httpx2", "PIL", "alembic", "cv2", "numpy"}
)
"""What one request in a thousand needs, or one command."""
OF_THE_RECORD = frozenset({"sqlalchemy", "obstore", "argon2", "validate_docbr"})
MOST = {"api": 1150, "worker": 950, "realtime": 750, "plain": 750}
"""Modules of a process that is ready, Python's own included; a fifth more than there were when this was
written."""


def loaded(role: str, folder: Path) -> frozenset[str]:
    """The modules of a process of that role, told as in the cluster, just before it listens."""
    for name in ("records-password", "cache-password", "store-access-key", "store-secret-key"):
        (folder / name).write_text("x\n")
    (folder / "authority").write_bytes(Authority().root.certificate.public_bytes(Encoding.PEM))
    (folder / "document-keys").write_text(f"00000001:{'A' * 43}=\n")
    told = {
        "ROLE": role,
        "RECORDS_ADDRESS": "127.0.0.1",
        "CACHE_SENTINELS": "127.0.0.1:26379",
        "STORE_ENDPOINT": "https://127.0.0.1:9000",
        "SITE": "prontuario.hospital.example",
        "OIDC_ISSUER": "https://provider.hospital.example",
        "SIGNATURE_TRUST": str(folder),
        "FACE_MODELS": str(folder),
        "FACE_DETECTOR_SHA256": "0" * 64,
        "FACE_RECOGNISER_SHA256": "0" * 64,
    }
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PRONTUARIO_")},
        **{f"PRONTUARIO_{name}": value for name, value in told.items()},
        "CREDENTIALS_DIRECTORY": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return frozenset(json.loads(done.stdout))


@pytest.mark.parametrize("role", MOST)
def test_a_process_starts_without_what_one_request_in_a_thousand_needs(role: str, tmp_path: Path) -> None:
    modules = loaded(role, tmp_path)
    assert not RARE & modules
    assert len(modules) <= MOST[role]


@pytest.mark.parametrize("role", ["realtime", "plain"])
def test_a_process_without_the_record_starts_without_its_libraries(role: str, tmp_path: Path) -> None:
    modules = loaded(role, tmp_path)
    assert not OF_THE_RECORD & modules
    assert not [name for name in modules if name.startswith(("app.tables", "app.services", "app.routers"))]


def test_a_worker_starts_without_routes(tmp_path: Path) -> None:
    assert not [name for name in loaded("worker", tmp_path) if name.startswith("app.routers")]
