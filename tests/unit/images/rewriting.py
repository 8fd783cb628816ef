"""Ways to tamper with an archive that leave it a good tar."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.images.verify import ARCHIVE

Files = dict[str, bytes]


def contents(tar: tarfile.TarFile) -> Files:
    """Name -> content of every regular file."""
    return {entry.name: file.read() for entry in tar if (file := tar.extractfile(entry)) is not None}


def rewrite(folder: Path, change: Callable[[Files], None]) -> None:
    """Let ``change`` edit the archive's files (name -> content) and write it again."""
    archive = folder / ARCHIVE
    with tarfile.open(archive) as tar:
        files = contents(tar)
    change(files)
    with tarfile.open(archive, "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def index(files: Files) -> Any:
    """The archive's own list of images."""
    return json.loads(files["index.json"])


def blob(digest: str) -> str:
    """Where the archive keeps it."""
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def parts(files: Files, name: str) -> tuple[str, dict[str, Any]]:
    """Digest and manifest of an image."""
    for entry in index(files)["manifests"]:
        if entry["annotations"]["io.containerd.image.name"] == name:
            manifest: dict[str, Any] = json.loads(files[blob(entry["digest"])])
            return entry["digest"], manifest
    raise AssertionError(f"no image {name} in the archive")


def put(files: Files, content: bytes) -> str:
    """Add a blob under its true name and return its digest."""
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    files[blob(digest)] = content
    return digest
