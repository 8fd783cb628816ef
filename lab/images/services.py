"""The hospital's own services as an image: one release of app/ on Debian's Python, in an archive of its own.

Same format, same signature and same judgement on the machines as the bundle of everything else, but apart
from it: a release is a tenth of the bundle's size and comes far more often, and what it replaces must not be
sent again with it. The image's tag is the release's id.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from app.release import Release
from lab.host import LabError, Progress, cache_folder, locked, own_folder, write_atomically
from lab.images import artefact, bundle, debian, layers
from lab.images.artefact import ImageBundle
from lab.images.catalogue import SERVICES
from lab.images.verify import ARCHIVE, LIST

ROOT = "/opt/prontuario"
"""Where the release lies in the image."""
KEPT = 3
"""Releases whose images stay in the user's cache."""
_INPUTS = "inputs"
_RECIPE = (Path(__file__), *(Path(str(module.__file__)) for module in (bundle, layers, debian)))


def folder_for(release: Release) -> Path:
    """Where the archive of this release is kept."""
    return cache_folder() / "services" / release.id


def find_services(release: Release) -> ImageBundle:
    """The archive of this release; LabError when there is none, or it is unsigned or incomplete."""
    try:
        return artefact.find_bundle(release.arch, folder_for(release))
    except LabError as error:
        raise LabError(
            f"the services' image of release {release.id} is not here: `python -m lab.images services` "
            f"({error})"
        ) from None


def plan_services(release: Release) -> ImageBundle:
    """Stands for an archive that is not there: enough for a preview."""
    return ImageBundle(release.arch, folder_for(release))


def ensure(release: Release, progress: Progress, key: Path | None = None) -> ImageBundle:
    """The archive of this release, built unless its parts are the same, and signed: by the OpenSSH ``key`` of
    a hospital, or by the lab's own.

    Raises LabError when the release was made for another processor, or a part is missing.
    """
    if bundle.ARCHITECTURES[release.arch] != bundle.architecture():
        raise LabError(
            f"release {release.id} is for {release.arch}: make its image on a computer of that processor"
        )
    place = own_folder(folder_for(release))
    wanted = _identity(release)
    with locked(place / ".lock", waiting="waiting for another build of the same image", progress=progress):
        for draft in place.glob(".draft-*"):  # left by a build that was killed; the lock is ours
            shutil.rmtree(draft)
        inputs = place / _INPUTS
        made = all((place / name).is_file() for name in (_INPUTS, LIST, ARCHIVE))
        if not made or inputs.read_text().strip() != wanted:
            inputs.unlink(missing_ok=True)
            progress.say(f"images: building the services' image of release {release.id}")
            build(release, place, progress)
            write_atomically(inputs, f"{wanted}\n")
        _sign(release, place, key)
    _forget_old(place)
    return find_services(release)


def _sign(release: Release, place: Path, key: Path | None) -> None:
    if key is not None:
        bundle.sign(place, key)
        return
    try:
        artefact.check_signers(find_services(release), [artefact.lab_signer()])
    except LabError:
        bundle.sign(place, artefact.signing_key())


def build(release: Release, folder: Path, progress: Progress) -> Path:
    """Write archive and list into ``folder``, unsigned; the same parts give the same bytes."""
    image = replace(SERVICES, version=release.version, tag=release.id)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".draft-") as name:
        scratch = Path(name)
        code = layers.unpacked(release.path, ROOT, scratch / "release.tar")
        made = bundle.make(image, {}, scratch, progress, top=[code])
        return bundle.publish([made], bundle.architecture(), scratch, folder)


def _identity(release: Release) -> str:
    parts = hashlib.sha256(f"{release.id} {release.sha256} {SERVICES!r}".encode())
    for path in _RECIPE:
        parts.update(path.read_bytes())
    return parts.hexdigest()


def _forget_old(newest: Path) -> None:
    """All but the last releases of the same processor."""
    newest.touch()
    arch = newest.name.rpartition("-")[2]
    found = sorted(newest.parent.glob(f"*-{arch}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in found[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
