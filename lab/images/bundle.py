"""The bundle: an archive of images, the list of what is in it, and a signature on the list."""

from __future__ import annotations

import hashlib
import platform
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.host import LabError, Progress, command, give_to_owner, write_atomically
from lab.images import debian, layers, oci
from lab.images.catalogue import Image
from lab.images.oci import Blob
from lab.images.verify import ARCHIVE, FORMAT, LIST, NAMESPACE, SIGNATURE, SIGNER

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def architecture() -> str:
    """This computer's processor as images call it.

    Raises LabError for one that nobody builds images for.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise LabError(f"no images for {machine}: the hospital's machines are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[machine]


@dataclass(frozen=True)
class Built:
    """One finished image; ``manifest`` describes it (kind, digest, size), ``blobs`` hold all of it."""

    name: str
    version: str
    manifest: Mapping[str, Any]
    blobs: tuple[Blob, ...]
    packages: Mapping[str, str] = field(default_factory=dict)


def build(images: Iterable[Image], programs: Mapping[str, Path], folder: Path, progress: Progress) -> Path:
    """Write archive and list of these images into ``folder``; the same parts give the same bytes.

    ``programs``: artefact of the toolchain -> its binary. Raises LabError when a part is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".draft-") as scratch:
        finished = [make(image, programs, Path(scratch), progress) for image in images]
        return publish(finished, architecture(), Path(scratch), folder)


def publish(images: Iterable[Built], processor: str, scratch: Path, folder: Path) -> Path:
    """Archive and list of finished images, into ``folder``; ``scratch`` is on the same disk."""
    finished = sorted(images, key=lambda image: image.name)
    draft = scratch / ARCHIVE
    manifests = {image.name: image.manifest for image in finished}
    oci.write_layout(draft, manifests, (blob for image in finished for blob in image.blobs))
    draft.rename(folder / ARCHIVE)
    give_to_owner(folder / ARCHIVE)
    whole = Blob.of(folder / ARCHIVE)
    listing = {
        "format": FORMAT,
        "architecture": processor,
        "archive": whole.digest,
        "size": whole.size,
        "images": [
            {
                "name": image.name,
                "digest": image.manifest["digest"],
                "version": image.version,
                "packages": dict(image.packages),
            }
            for image in finished
        ],
    }
    write_atomically(folder / LIST, oci.encoded(listing).decode() + "\n")
    return folder


def make(
    image: Image, programs: Mapping[str, Path], scratch: Path, progress: Progress, top: Sequence[Blob] = ()
) -> Built:
    """One image for this computer's processor, its parts in ``scratch``, the layers ``top`` above them.

    Raises LabError when one is missing.
    """
    processor = architecture()
    place = scratch / hashlib.sha256(image.repository.encode()).hexdigest()[:12]
    place.mkdir()
    unpacked = debian.ensure(image.debian, progress) if image.debian else None
    stack = [unpacked.layer] if unpacked else []
    links = {at: to.format(architecture=processor) for at, to in image.links.items()}
    stack.append(layers.skeleton(image.users, links, place / "skeleton.tar"))
    if image.programs:
        files = {}
        for at, artefact in image.programs.items():
            if artefact not in programs:
                raise LabError(
                    f"image {image.repository}: no {artefact}: `python -m toolchain build --cluster`"
                )
            files[at.format(architecture=processor)] = programs[artefact]
        # Last, because it changes most often: the layers below it are found again.
        stack.append(layers.programs(files, place / "programs.tar"))
    stack.extend(top)
    stored = [oci.compressed(layer, place) for layer in stack]
    config, manifest = oci.image(stored, image.settings, processor, place)
    versions = unpacked.versions if unpacked else {}
    release = upstream(versions[image.debian.version_of]) if image.debian else ""
    return Built(
        name=f"{image.repository}:{image.tag.format(debian=release)}",
        version=image.version or release,
        manifest=manifest.descriptor(oci.MANIFEST),
        blobs=(manifest, config, *(layer.stored for layer in stored)),
        packages=versions,
    )


def upstream(version: str) -> str:
    """Debian's ``1:17.6-0+deb13u1`` is upstream's ``17.6``."""
    found = re.fullmatch(r"(?:\d+:)?([0-9][0-9A-Za-z.]*).*", version)
    if found is None:
        raise LabError(f"package version {version!r} does not begin with a number")
    return found[1]


def sign(folder: Path, key: Path) -> None:
    """Sign the list with an OpenSSH private key, or with the agent or token that a public key stands for.

    Raises LabError when ssh-keygen refuses.
    """
    (folder / SIGNATURE).unlink(missing_ok=True)
    command(["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(folder / LIST)])
    give_to_owner(folder / SIGNATURE)


def trust(public_keys: Iterable[str]) -> str:
    """The file of trusted keys that verification reads, from public keys as OpenSSH prints them."""
    return "".join(f'{SIGNER} namespaces="{NAMESPACE}" {" ".join(key.split()[:2])}\n' for key in public_keys)
