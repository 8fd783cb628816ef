"""A hospital's bundle: upstream's own images, copied by digest, in the same format as the lab's.

Run where the internet is. Which digest a name stands for is decided once and committed
(``upstream.json``), so that nobody who can move a tag decides what a hospital runs. The machines' own
programs have no image upstream; they are built here, so this computer's processor must be the machines'.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from lab.host import LabError, Progress, last_line, own_folder, write_atomically
from lab.images import bundle, oci
from lab.images.bundle import Built
from lab.images.catalogue import NODE, Image
from lab.images.oci import Blob
from lab.images.verify import LIST, SIGNATURE

PINS = Path(__file__).with_name("upstream.json")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_COPY = 1800
"""Seconds for one image over a slow line."""


def pin(images: Iterable[Image], file: Path, progress: Progress) -> None:
    """Ask upstream which digest each name stands for today and write it down, for a person to review.

    Raises LabError when a registry does not answer or has no such image.
    """
    pins = {}
    for name in sorted(name_of(image) for image in images if image.repository != NODE.repository):
        manifest = _skopeo("inspect", "--raw", f"docker://{name}", timeout=120)
        pins[name] = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        progress.say(f"{name} {pins[name]}")
    write_atomically(file, json.dumps(pins, indent=2) + "\n")


def copy(
    images: Iterable[Image],
    programs: Mapping[str, Path],
    processor: str,
    folder: Path,
    progress: Progress,
    *,
    pins: Path = PINS,
) -> Path:
    """Write archive and list into ``folder``, unsigned; ``processor`` as images call it: amd64 or arm64.

    Raises LabError when an image has no digest in ``pins``, and for programs of another processor.
    """
    wanted = tuple(images)
    digests = _pinned(pins)
    copied = [image for image in wanted if image.repository != NODE.repository]
    missing = sorted(name_of(image) for image in copied if name_of(image) not in digests)
    if missing:
        raise LabError(
            f"{pins.name} has no digest for {', '.join(missing)}: `make bundle-pins`, then review it"
        )
    if len(copied) < len(wanted) and processor != bundle.architecture():
        raise LabError(
            f"{NODE.repository} for {processor}: its programs are built for the processor at hand, which is "
            f"{bundle.architecture()}: make this bundle on a computer with {processor}"
        )
    own_folder(folder)
    # A signature of other images must not lie beside these.
    for name in (LIST, SIGNATURE):
        (folder / name).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".draft-") as scratch:
        finished = []
        for image in wanted:
            if image in copied:
                progress.say(f"images: copying {name_of(image)}")
                finished.append(_copied(image, digests[name_of(image)], processor, Path(scratch)))
            else:
                finished.append(bundle.make(image, programs, Path(scratch), progress))
        return bundle.publish(finished, processor, Path(scratch), folder)


def name_of(image: Image) -> str:
    """What upstream calls it."""
    return f"{image.repository}:{image.upstream_tag or image.tag}"


def _pinned(pins: Path) -> dict[str, str]:
    try:
        found = json.loads(pins.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise LabError(f"{pins} cannot be read ({error}): restore it") from None
    for name, digest in found.items():
        if not _DIGEST.fullmatch(digest):
            raise LabError(f"{pins}: {name}: {digest!r} is not a digest: `make bundle-pins`")
    return dict(found)


def _copied(image: Image, digest: str, processor: str, scratch: Path) -> Built:
    # By digest alone: a registry that answers with anything else is refused by skopeo, and again below.
    place = scratch / hashlib.sha256(image.repository.encode()).hexdigest()[:12]
    _skopeo(
        *("--override-os", "linux", "--override-arch", processor),
        *("copy", "--quiet", "--preserve-digests"),
        f"docker://{image.repository}@{digest}",
        f"dir:{place}",
        timeout=_COPY,
    )
    manifest = Blob.of(place / "manifest.json")
    try:
        content = json.loads(manifest.path.read_text())
        parts = [content["config"], *content["layers"]]
        blobs = [_blob(image, place, str(part["digest"])) for part in parts]
        made_for = json.loads(blobs[0].path.read_text())["architecture"]
        kind = content.get("mediaType", oci.MANIFEST)
    except (ValueError, KeyError, TypeError, FileNotFoundError) as error:
        raise LabError(f"{name_of(image)}: skopeo left no image that can be read ({error!r})") from None
    if made_for != processor:
        raise LabError(f"{name_of(image)}: upstream answered with {made_for}, wanted was {processor}")
    return Built(
        name=name_of(image),
        version=image.version or (image.upstream_tag or image.tag),
        manifest=manifest.descriptor(kind),
        blobs=(manifest, *blobs),
    )


def _blob(image: Image, place: Path, digest: str) -> Blob:
    found = Blob.of(place / digest.removeprefix("sha256:"))
    if found.digest != digest:
        raise LabError(f"{name_of(image)}: {digest} arrived altered, it is {found.digest}: copy again")
    return found


def _skopeo(*words: str, timeout: float) -> bytes:
    program = shutil.which("skopeo")
    if program is None:
        raise LabError("skopeo is not installed: install it where the internet is and make the bundle there")
    shown = " ".join(["skopeo", *words])
    try:
        done = subprocess.run(
            [program, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{shown}: no end within {timeout:g} s: try again") from None
    if done.returncode != 0:
        raise LabError(f"{shown}: {last_line(done.stderr.decode(errors='replace'), done.returncode)}")
    return done.stdout
