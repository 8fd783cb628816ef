"""The certificate that a machine makes for its own detector, by the script that runs there."""

import os
import subprocess
from pathlib import Path

import pytest

from components import detector_files as files
from tests.unit.detector.conftest import Pki

TOOL = Path(files.__file__).with_name("scripts") / "prontuario-detector-identity.sh"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the identity will be."""
    return tmp_path / "state"


def issue(pki: Path, folder: Path, machine: str = "mac-a") -> subprocess.CompletedProcess[str]:
    """Run it as systemd does; root's group stands for the detector's account."""
    return subprocess.run(
        ["sh", TOOL, machine, files.GROUP, folder, str(os.getgid())],
        env=os.environ | {"PRONTUARIO_PKI": str(pki)},
        capture_output=True,
        text=True,
        check=False,
    )


def said_of(certificate: Path, *what: str) -> str:
    return subprocess.run(
        ["openssl", "x509", "-in", certificate, "-noout", *what], check=True, capture_output=True, text=True
    ).stdout.strip()


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="it gives files to an account, as root")


@root_only
def test_a_machine_gets_a_certificate_of_its_own_that_only_a_client_can_use(pki: Pki, folder: Path) -> None:
    result = issue(pki.server, folder)
    assert result.returncode == 0, result.stderr
    identity = folder / "identity"
    certificate = identity / "client.crt"
    assert said_of(certificate, "-subject", "-nameopt", "compat") == (
        "subject=/O=prontuario:detectors/CN=system:detector:mac-a"
    )
    assert "TLS Web Client Authentication" in said_of(certificate, "-ext", "extendedKeyUsage")
    subprocess.run(
        ["openssl", "verify", "-CAfile", pki.server / "ca.crt", certificate], check=True, capture_output=True
    )
    assert sorted(path.name for path in identity.iterdir()) == ["ca.crt", "client.crt", "client.key", "ends"]
    assert (identity / "client.key").stat().st_mode & 0o777 == 0o640
    assert float((identity / "ends").read_text()) > 1e9
    assert sorted(path.name for path in folder.iterdir()) == ["identity", os.readlink(identity)]


@root_only
def test_a_good_certificate_is_kept(pki: Pki, folder: Path) -> None:
    issue(pki.server, folder)
    before = (folder / "identity" / "client.crt").read_bytes()
    assert issue(pki.server, folder).returncode == 0
    assert (folder / "identity" / "client.crt").read_bytes() == before


@root_only
@pytest.mark.parametrize("why", ["another machine", "another authority", "ends soon", "key lost"])
def test_one_that_is_not_good_any_more_is_replaced_whole(pki: Pki, folder: Path, why: str) -> None:
    issue(pki.server, folder)
    identity = folder / "identity"
    before = (identity / "client.crt").read_bytes()
    authority, machine = pki.server, "mac-a"
    if why == "another machine":
        machine = "mac-b"
    elif why == "another authority":
        authority = pki.server.with_name("theirs")
    elif why == "ends soon":  # of two days' validity
        (identity / "client.crt").write_bytes((pki.client / "client.crt").read_bytes())
    else:
        (identity / "client.key").unlink()
    assert issue(authority, folder, machine).returncode == 0
    assert (identity / "client.crt").read_bytes() != before
    assert (identity / "ca.crt").read_bytes() == (authority / "ca.crt").read_bytes()
    assert len(list(folder.iterdir())) == 2


def test_a_machine_without_the_authoritys_key_says_what_to_do(tmp_path: Path, folder: Path) -> None:
    result = issue(tmp_path, folder)
    assert result.returncode == 1
    assert result.stderr.strip().endswith("join it to the cluster first")
    assert not folder.exists()
