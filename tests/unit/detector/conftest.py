"""An API server of our own with TLS and a certificate for everybody, made by openssl once per run."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.detector.fake_api import FakeApi


@dataclass(frozen=True)
class Pki:
    """Folders: ``server`` has ca.crt, server.crt, server.key; the others are identities of clients."""

    server: Path
    client: Path
    stranger: Path  # a certificate of another authority
    gullible: Path  # our certificate, but trusts another authority


def _openssl(*argv: str | Path) -> None:
    subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True)


def _authority(folder: Path) -> None:
    folder.mkdir()
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "ca.key")
    _openssl(
        "req", "-x509", "-new", "-key", folder / "ca.key", "-subj", "/CN=kubernetes", "-days", "2",
        "-addext", "basicConstraints=critical,CA:TRUE", "-out", folder / "ca.crt",
    )  # fmt: skip


def _leaf(authority: Path, folder: Path, name: str, subject: str, extension: str) -> None:
    folder.mkdir(exist_ok=True)
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / f"{name}.key")
    _openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", subject, "-out", folder / "request")
    (folder / "extension").write_text(extension)
    _openssl(
        "x509", "-req", "-in", folder / "request",
        "-CA", authority / "ca.crt", "-CAkey", authority / "ca.key",
        "-set_serial", "7", "-days", "2", "-extfile", folder / "extension", "-out", folder / f"{name}.crt",
    )  # fmt: skip


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """The cluster's authority and another one, and what each signed."""
    base = tmp_path_factory.mktemp("pki")
    ours, theirs = base / "ours", base / "theirs"
    _authority(ours)
    _authority(theirs)
    _leaf(ours, ours, "server", "/CN=kube-apiserver", "subjectAltName=IP:127.0.0.1\n")
    subject = "/O=prontuario:detectors/CN=system:detector:witness"
    found = Pki(ours, base / "client", base / "stranger", base / "gullible")
    for folder, signer, trusted in (
        (found.client, ours, ours),
        (found.stranger, theirs, ours),
        (found.gullible, ours, theirs),
    ):
        _leaf(signer, folder, "client", subject, "extendedKeyUsage=clientAuth\n")
        (folder / "ca.crt").write_bytes((trusted / "ca.crt").read_bytes())
    return found


@pytest.fixture
def server(pki: Pki) -> Iterator[FakeApi]:
    """A healthy cluster ``records`` behind an API server."""
    with FakeApi.running(pki.server) as running:
        yield running
