"""OCI images as bytes: the same files give the same digests, whoever builds them and whenever."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.host import command

LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
# What containerd calls the image it imports.
NAME = "io.containerd.image.name"
EPOCH = "1970-01-01T00:00:00Z"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Blob:
    """Some content on disk, known by its digest."""

    path: Path
    digest: str
    size: int

    @classmethod
    def of(cls, path: Path) -> Blob:
        """Read a file through and know it."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
        return cls(path, f"sha256:{digest.hexdigest()}", size)

    def descriptor(self, media_type: str) -> dict[str, Any]:
        """How others refer to it."""
        return {"mediaType": media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Settings:
    """How a container of the image starts unless the pod says otherwise."""

    entrypoint: tuple[str, ...] = ()
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = "/"


@dataclass(frozen=True)
class Layer:
    """A layer as it travels, compressed, and the digest of the tar that a machine unpacks from it."""

    stored: Blob
    content: str


def compressed(layer: Blob, folder: Path) -> Layer:
    """Compress a layer into ``folder``: a third of the bytes to send, to check and to keep.

    Zstandard, because every machine unpacks at the same time and gzip would take them three times as long.
    The same zstd gives the same bytes, with any number of threads. Raises LabError when it is missing.
    """
    target = folder / f"{layer.digest.removeprefix('sha256:')}.zst"
    command(["zstd", "-q", "-f", "-3", "-T0", str(layer.path), "-o", str(target)], timeout=600)
    return Layer(Blob.of(target), layer.digest)


def image(layers: Sequence[Layer], settings: Settings, architecture: str, folder: Path) -> tuple[Blob, Blob]:
    """Write configuration and manifest of an image into ``folder``; return them in this order."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": EPOCH,
        "config": {
            "Entrypoint": list(settings.entrypoint),
            "User": settings.user,
            "Env": [f"{name}={value}" for name, value in sorted(settings.environment.items())],
            "WorkingDir": settings.working_directory,
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.content for layer in layers]},
        "history": [{"created": EPOCH, "created_by": "prontuario"} for _ in layers],
    }
    config_blob = _json_blob(config, folder)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config_blob.descriptor(CONFIG),
        "layers": [layer.stored.descriptor(LAYER) for layer in layers],
    }
    return config_blob, _json_blob(manifest, folder)


def write_layout(archive: Path, manifests: Mapping[str, Mapping[str, Any]], blobs: Iterable[Blob]) -> None:
    """Write an OCI image layout as a tar: ``manifests``' descriptors by image name, and every blob."""
    entries = [{**manifests[name], "annotations": {NAME: name}} for name in sorted(manifests)]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    unique = {blob.digest: blob for blob in blobs}
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        # The small files first: a reader that goes through the archive once knows what it is looking for.
        _add(tar, "oci-layout", encoded({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", encoded(index))
        for blob in sorted(unique.values(), key=lambda blob: (blob.size, blob.digest)):
            entry = plain_entry(f"blobs/sha256/{blob.digest.removeprefix('sha256:')}", blob.size, 0o644)
            with blob.path.open("rb") as file:
                tar.addfile(entry, file)


def encoded(value: object) -> bytes:
    """JSON with one spelling per value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def plain_entry(name: str, size: int, mode: int) -> tarfile.TarInfo:
    """A regular file of nobody in particular and no particular time."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, mode, 0
    return entry


def _json_blob(value: object, folder: Path) -> Blob:
    content = encoded(value)
    path = folder / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    return Blob.of(path)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(plain_entry(name, len(content), 0o644), io.BytesIO(content))
