"""The finished bundle where it is kept: found by whoever delivers it, made again when its parts changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.host import (
    LabError,
    Progress,
    cache_folder,
    command,
    give_to_owner,
    locked,
    own_folder,
    write_atomically,
)
from lab.images import bundle, verify
from lab.images.catalogue import Image
from lab.images.verify import ARCHIVE, LIST, SIGNATURE

_INPUTS = "inputs"
_NO_RECIPE = ("__main__.py", "artefact.py", "services.py", "upstream.py")


@dataclass(frozen=True)
class ImageBundle:
    """A finished bundle for one processor (``architecture`` as Linux calls it: x86_64 or aarch64).

    digest: sha256 of the signed list (hex), which names the bundle; empty for one that is not there
    archive_digest: sha256 of the archive (hex), as the list says it
    images: full names
    """

    architecture: str
    folder: Path
    digest: str = ""
    archive_digest: str = ""
    images: tuple[str, ...] = field(default=())

    @property
    def archive(self) -> Path:
        """The images."""
        return self.folder / ARCHIVE

    def image(self, repository: str) -> str:
        """The full name of the bundle's image of this repository, as a pod asks for it.

        In a bundle that is not there (a preview) a name that no machine has. LabError when it has none.
        """
        if not self.digest:
            return f"{repository}:unbuilt"
        for name in self.images:
            if name.rpartition(":")[0] == repository:
                return name
        raise LabError(
            f"no image {repository} in the bundle of {self.folder}: add it to lab/images/catalogue.py"
        )

    def papers(self) -> dict[str, str]:
        """What a machine needs to judge the archive: name -> text."""
        names = (LIST, SIGNATURE) if self.digest else ()
        return {
            Path(verify.__file__).name: Path(verify.__file__).read_text(),
            **{name: (self.folder / name).read_text() for name in names},
        }


def find_bundle(architecture: str, folder: Path | None = None) -> ImageBundle:
    """The bundle for this architecture; LabError when there is none, or it is unsigned or incomplete."""
    place = folder or folder_for(architecture)
    what = f"the image bundle for {architecture}"
    for name in (LIST, ARCHIVE, SIGNATURE):
        if not (place / name).is_file():
            raise LabError(f"{what} is missing: no {place / name}: {_remedy(architecture)}")
    text = (place / LIST).read_bytes()
    try:
        listing = json.loads(text)
        found, size = listing["architecture"], listing["size"]
        images = tuple(image["name"] for image in listing["images"])
        archive = str(listing["archive"]).removeprefix("sha256:")
    except (ValueError, KeyError, TypeError):
        raise LabError(f"{what}: {place / LIST} is not a bundle's list: {_remedy(architecture)}") from None
    if found != bundle.ARCHITECTURES.get(architecture):
        raise LabError(f"{what}: {place / LIST} is for {found}: {_remedy(architecture)}")
    if (place / ARCHIVE).stat().st_size != size:
        raise LabError(
            f"{what}: {place / ARCHIVE} is not the archive that was signed: {_remedy(architecture)}"
        )
    return ImageBundle(architecture, place, hashlib.sha256(text).hexdigest(), archive, images)


def plan_bundle(architecture: str) -> ImageBundle:
    """Stands for a bundle that is not there: enough for a preview."""
    return ImageBundle(architecture, folder_for(architecture))


def check_signers(found: ImageBundle, signers: Iterable[str]) -> None:
    """Raise LabError unless one of ``signers`` (public keys) signed this bundle's list."""
    with tempfile.NamedTemporaryFile("w", prefix="prontuario-signers-") as trusted:
        trusted.write(bundle.trust(signers))
        trusted.flush()
        try:
            verify.check_signature(found.folder, Path(trusted.name))
        except verify.BundleRefused as refusal:
            said = str(refusal).replace(trusted.name, "bundle.signers of the stack file")
            raise LabError(said) from None


def folder_for(architecture: str) -> Path:
    """Where the bundle for this architecture is kept."""
    return cache_folder() / "bundle" / architecture


def _remedy(architecture: str) -> str:
    own = bundle.ARCHITECTURES.get(architecture) == bundle.architecture()
    return "`python -m lab.images build`" if own else "`make bundle` on a computer of that processor"


def signing_key() -> Path:
    """This user's own key for the lab's bundles, made the first time; a hospital's is elsewhere."""
    key = cache_folder() / "bundle-signing" / "key"
    own_folder(key.parent, 0o700)
    with locked(key.with_name(".lock"), waiting="waiting for another who makes the signing key"):
        if not key.exists() or not key.with_suffix(".pub").exists():
            draft = key.with_name("draft")
            for half in (draft, draft.with_suffix(".pub")):
                half.unlink(missing_ok=True)
            command(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bundle", "-f", str(draft)])
            draft.with_suffix(".pub").rename(key.with_suffix(".pub"))
            draft.rename(key)
            give_to_owner(key, key.with_suffix(".pub"))
    return key


def lab_signer() -> str:
    """The public half of :func:`signing_key`, as ``bundle.signers`` of a lab's stack file names it."""
    return " ".join(signing_key().with_suffix(".pub").read_text().split()[:2])


def ensure(images: Iterable[Image], programs: Mapping[str, Path], progress: Progress) -> ImageBundle:
    """The lab's bundle for this computer's processor, built and signed unless its parts are the same.

    Raises LabError when a part is missing.
    """
    images = tuple(images)
    architecture = next(
        name for name, short in bundle.ARCHITECTURES.items() if short == bundle.architecture()
    )
    place = folder_for(architecture)
    own_folder(place.parent)
    own_folder(place)
    wanted = _identity(images, programs)
    with locked(place / ".lock", waiting="waiting for another build of the image bundle", progress=progress):
        for draft in place.glob(".draft-*"):  # left by a build that was killed; the lock is ours
            shutil.rmtree(draft)
        if not _is(place, wanted):
            (place / _INPUTS).unlink(missing_ok=True)
            progress.say(f"images: building the bundle ({len(images)} images)")
            bundle.build(images, programs, place, progress)
            write_atomically(place / _INPUTS, f"{wanted}\n")
        try:
            check_signers(find_bundle(architecture), [lab_signer()])
        except LabError:
            bundle.sign(place, signing_key())
    return find_bundle(architecture)


def _is(place: Path, wanted: str) -> bool:
    made = [place / name for name in (_INPUTS, LIST, ARCHIVE)]
    return all(path.is_file() for path in made) and made[0].read_text().strip() == wanted


def _identity(images: tuple[Image, ...], programs: Mapping[str, Path]) -> str:
    """Hash of all that decides the bundle: the recipe, the catalogue, and which build of every program.

    A program stands in a folder of the toolchain's store that is named after its own inputs.
    """
    parts = hashlib.sha256(repr(images).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name in _NO_RECIPE:
            continue
        parts.update(f"{path.name}\0".encode() + path.read_bytes())
    for name, path in sorted(programs.items()):
        parts.update(f"{name}\0{path.parent.name}\0{path.stat().st_size}\0".encode())
    return parts.hexdigest()
