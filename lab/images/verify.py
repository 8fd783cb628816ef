"""Is this bundle what the hospital signed? Runs on the builder and, as it is, on every machine.

Only Python's library and ssh-keygen: a machine of the hospital has nothing else and can fetch nothing else.

    python3 verify.py FOLDER SIGNERS [ARCHITECTURE]
    python3 verify.py --list FOLDER SIGNERS [ARCHITECTURE]

The second form is for before the archive is sent: it judges the list alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ARCHIVE = "images.tar"
LIST = "bundle.json"
SIGNATURE = "bundle.json.sig"
FORMAT = 1
# A signature made for a bundle is worth nothing as a signature of something else, and the other way round.
NAMESPACE = "prontuario-bundle"
SIGNER = "hospital"
_NAME = "io.containerd.image.name"
_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
# Manifests and configurations are read into memory; a hostile archive must not fill it.
_READABLE = 4 << 20
_BLOCK = 1 << 20


class BundleRefused(Exception):
    """The bundle is not what was signed; the message names the image and the reason."""


@dataclass(frozen=True)
class SignedImage:
    """One line of the signed list."""

    name: str
    digest: str
    version: str


def verify(folder: Path, signers: Path, architecture: str | None = None) -> list[SignedImage]:
    """Check signature, list and every byte of the archive; return the images it brings.

    Raises BundleRefused before anything was imported.
    """
    images, whole = verify_list(folder, signers, architecture)
    if not (folder / ARCHIVE).is_file():
        raise BundleRefused(f"{folder}: the bundle is incomplete: no {ARCHIVE}")
    check_archive(folder / ARCHIVE, images)
    # Last, because the walk says whose fault it is. Programs may read a tar differently, but not its digest.
    with (folder / ARCHIVE).open("rb") as archive:
        found = f"sha256:{hashlib.file_digest(archive, 'sha256').hexdigest()}"
    if found != whole:
        raise BundleRefused(
            f"{folder / ARCHIVE}: altered outside its images: it is {found}, signed was {whole}"
        )
    return images


def verify_list(
    folder: Path, signers: Path, architecture: str | None = None
) -> tuple[list[SignedImage], str]:
    """Check signature and list; return the images it names and the digest of their archive.

    Raises BundleRefused.
    """
    check_signature(folder, signers)
    try:
        signed = json.loads((folder / LIST).read_bytes())
        images = [SignedImage(entry["name"], entry["digest"], entry["version"]) for entry in signed["images"]]
        form, made_for, whole = signed["format"], signed["architecture"], signed["archive"]
    except (ValueError, KeyError, TypeError):
        raise BundleRefused(f"{folder / LIST}: signed, but not a bundle's list: build it again") from None
    if form != FORMAT:
        raise BundleRefused(f"{folder / LIST}: format {form}, this release reads {FORMAT}: build it again")
    if architecture is not None and made_for != architecture:
        raise BundleRefused(f"{folder / LIST}: images are for {made_for}, this machine is {architecture}")
    names = [image.name for image in images]
    for name in names:
        if names.count(name) > 1:
            raise BundleRefused(f"image {name}: twice in the signed list")
    return images, whole


def check_signature(folder: Path, signers: Path) -> None:
    """Raise BundleRefused unless a trusted key signed the list."""
    for name in (LIST, SIGNATURE):
        if not (folder / name).is_file():
            what = "is not signed" if name == SIGNATURE else "is incomplete"
            raise BundleRefused(f"{folder}: the bundle {what}: no {name}")
    argv = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", SIGNER, "-n", NAMESPACE]
    with (folder / LIST).open("rb") as content:
        answer = subprocess.run(
            [*argv, "-s", str(folder / SIGNATURE)], stdin=content, capture_output=True, text=True, check=False
        )
    if answer.returncode != 0:
        said = (answer.stderr.strip() or answer.stdout.strip()).splitlines()
        reason = said[-1].rstrip(".") if said else f"exit status {answer.returncode}"
        raise BundleRefused(f"{folder / LIST}: no trusted signature ({reason}): keys are in {signers}")


@dataclass
class _Contents:
    """What one walk through the archive found."""

    index: Any
    sizes: dict[str, int]  # digest in the name -> size, whatever the content
    altered: dict[str, str]  # digest in the name -> digest of the content
    documents: dict[str, bytes]  # small blobs


def check_archive(archive: Path, images: list[SignedImage]) -> None:
    """Raise BundleRefused unless the archive holds these images, whole, and nothing else."""
    found = _walk(archive)
    inside = _names(archive, found.index)
    for image in images:
        if image.name not in inside:
            raise BundleRefused(f"image {image.name}: signed, but not in {archive.name}")
        if inside[image.name] != image.digest:
            raise BundleRefused(
                f"image {image.name}: {archive.name} holds {inside[image.name]}, signed was {image.digest}"
            )
    for name in inside:
        if name not in {image.name for image in images}:
            raise BundleRefused(f"image {name}: in {archive.name}, but nobody signed it")
    used = set()
    for image in images:
        used |= _check_image(image, found)
    for digest in found.sizes:
        if digest not in used:
            raise BundleRefused(f"{archive}: {digest} belongs to no signed image")


def _walk(archive: Path) -> _Contents:
    found = _Contents(None, {}, {}, {})
    seen = set()
    try:
        with tarfile.open(archive, "r|") as tar:
            for entry in tar:
                blob = _BLOB.fullmatch(entry.name)
                if (
                    not entry.isreg()
                    or entry.name in seen
                    or not (blob or entry.name in ("oci-layout", "index.json"))
                ):
                    raise BundleRefused(f"{archive}: {entry.name} has no place in a bundle")
                seen.add(entry.name)
                digest, content = _read(tar, entry)
                if entry.name == "index.json":
                    found.index = json.loads(content)
                if blob:
                    name = f"sha256:{blob[1]}"
                    found.sizes[name] = entry.size
                    found.documents[name] = content
                    if digest != blob[1]:
                        found.altered[name] = f"sha256:{digest}"
    except (tarfile.TarError, ValueError, EOFError, OSError) as error:
        raise BundleRefused(f"{archive}: damaged ({error}): copy it again") from None
    return found


def _read(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> tuple[str, bytes]:
    """Digest of an entry, and its content when that is small."""
    file = tar.extractfile(entry)
    if file is None:
        raise BundleRefused(f"{entry.name}: not a file")
    digest, kept, length = hashlib.sha256(), b"", 0
    while block := file.read(_BLOCK):
        digest.update(block)
        length += len(block)
        if entry.size <= _READABLE:
            kept += block
    if length != entry.size:
        raise BundleRefused(
            f"{entry.name}: cut short at {length} of {entry.size} bytes: copy the bundle again"
        )
    return digest.hexdigest(), kept


def _names(archive: Path, index: Any) -> dict[str, str]:
    try:
        rows = [(entry["annotations"][_NAME], entry["digest"]) for entry in index["manifests"]]
    except (KeyError, TypeError):
        raise BundleRefused(f"{archive}: no list of images in it") from None
    names = [name for name, _ in rows]
    for name in names:
        if names.count(name) > 1:
            raise BundleRefused(f"image {name}: twice in {archive.name}")
    return dict(rows)


def _check_image(image: SignedImage, found: _Contents) -> set[str]:
    """Digests of the image's blobs, every one of them checked."""
    _check_blob(image, "manifest", image.digest, found)
    try:
        manifest = json.loads(found.documents[image.digest])
        parts: list[tuple[str, Mapping[str, Any]]] = [("configuration", manifest["config"])]
        parts += [("layer", layer) for layer in manifest["layers"]]
        wanted = [(what, str(part["digest"]), int(part["size"])) for what, part in parts]
    except (ValueError, KeyError, TypeError):
        raise BundleRefused(f"image {image.name}: its manifest {image.digest} cannot be read") from None
    for what, digest, size in wanted:
        _check_blob(image, what, digest, found)
        if found.sizes[digest] != size:
            raise BundleRefused(
                f"image {image.name}: {what} {digest}: {found.sizes[digest]} bytes, not {size}"
            )
    return {image.digest, *(digest for _, digest, _ in wanted)}


def _check_blob(image: SignedImage, what: str, digest: str, found: _Contents) -> None:
    if digest in found.altered:
        raise BundleRefused(f"image {image.name}: {what} {digest} was altered: it is {found.altered[digest]}")
    if digest not in found.sizes:
        raise BundleRefused(f"image {image.name}: {what} {digest} is missing")


def main(arguments: list[str]) -> int:
    """Print the images of a good bundle; say why and return 1 otherwise."""
    list_alone = arguments[0] == "--list"
    folder, signers, *architecture = arguments[list_alone:]
    try:
        if list_alone:
            images, _ = verify_list(Path(folder), Path(signers), *architecture)
        else:
            images = verify(Path(folder), Path(signers), *architecture)
    except BundleRefused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    for image in images:
        print(f"{image.name} {image.digest} {image.version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
