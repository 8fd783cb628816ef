"""A small bundle, a key that the hospital trusts, and a stranger's."""

import subprocess
from pathlib import Path

import pytest

from lab.host import Progress
from lab.images import bundle
from lab.images.catalogue import Image
from lab.images.oci import Settings

PAUSE = Image(
    repository="registry.example/pause",
    version="1.0",
    tag="1.0",
    settings=Settings(entrypoint=("/pause",), user="65535"),
    programs={"/pause": "pause"},
)
ETCD = Image(
    repository="registry.example/etcd",
    version="3.6",
    tag="3.6-0",
    settings=Settings(environment={"PATH": "/usr/local/bin"}),
    programs={"/usr/local/bin/etcd": "etcd", "/usr/local/bin/etcdctl": "etcdctl"},
)


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, Path]:
    """What the toolchain built."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("pause", "etcd", "etcdctl"):
        (folder / name).write_bytes(f"#!/bin/true {name}\n".encode() * 1000)
    return {path.name: path for path in folder.iterdir()}


def key(folder: Path) -> Path:
    """A new private key; its public half stands beside it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder)], check=True)
    return folder


@pytest.fixture
def signing_key(tmp_path: Path) -> Path:
    """The hospital's."""
    return key(tmp_path / "hospital")


@pytest.fixture
def signers(tmp_path: Path, signing_key: Path) -> Path:
    """The file of trusted keys, as a machine has it."""
    path = tmp_path / "signers"
    path.write_text(bundle.trust([signing_key.with_suffix(".pub").read_text()]))
    return path


@pytest.fixture
def signed(tmp_path: Path, programs: dict[str, Path], signing_key: Path) -> Path:
    """A good bundle of two images."""
    folder = bundle.build((PAUSE, ETCD), programs, tmp_path / "bundle", Progress(quiet=True))
    bundle.sign(folder, signing_key)
    return folder
