"""Debian packages unpacked for an image: none is configured, so the tree depends on them alone."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import archive
from lab.host import LabError, Progress, cache_folder, give_to_owner, last_line, locked, own_folder
from lab.images import layers
from lab.images.oci import Blob


@dataclass(frozen=True)
class Packages:
    """Debian packages of an image.

    names: what to install, with all they depend on (recommendations left out)
    version_of: the package whose version is the image's
    unwanted: paths left out, a folder ends with a slash
    release: of Debian
    python: compile what is written in Python; in a read-only image nobody could do it later
    """

    names: tuple[str, ...]
    version_of: str
    unwanted: tuple[str, ...] = ()
    release: str = "trixie"
    python: bool = False

    @property
    def key(self) -> str:
        """Hash of what decides the layer, but for the archive's own state that day."""
        parts = (self.release, platform.machine(), sorted(self.names), self.unwanted, layers.UNWANTED)
        text = repr((*parts, _COMPILE) if self.python else parts)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


# By content, not by time: the same sources give the same bytes.
_COMPILE = (
    'chroot "$1" /usr/bin/python3 -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3*'
)


@dataclass(frozen=True)
class Unpacked:
    """A layer of Debian packages and their versions."""

    layer: Blob
    versions: dict[str, str]


def place(packages: Packages) -> Path:
    """The folder of the layer of these packages, built or not."""
    return cache_folder() / "layers" / f"debian-{packages.release}-{packages.version_of}-{packages.key}"


def ensure(packages: Packages, progress: Progress) -> Unpacked:
    """Find or build the layer of these packages (needs root to build).

    Raises LabError when mmdebstrap fails; its output is in ``build.log`` beside the layer.
    """
    target = place(packages)
    own_folder(target.parent)
    lock = target.parent / f".{target.name}.lock"
    with locked(lock, waiting="waiting for another build of the same layer", progress=progress):
        if not target.is_dir():
            _build(packages, target, progress)
    rows = (target / "packages.txt").read_text().splitlines()
    return Unpacked(Blob.of(target / "layer.tar"), dict(row.split("\t", 1) for row in rows))


def _build(packages: Packages, target: Path, progress: Progress) -> None:
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)  # left by an interrupted build; the lock is ours
    draft.mkdir()
    progress.say(f"images: unpacking {packages.version_of} and what it needs from Debian {packages.release}")
    sources = draft / "sources.list"
    sources.write_text(archive.sources(packages.release))
    unpacked = draft / "unpacked.tar"
    versions = draft / "packages.txt"
    argv = [
        "mmdebstrap",
        "--mode=root",
        "--variant=extract",
        "--format=tar",
        # Nothing is installed, so dpkg knows nothing: the packages themselves say what they are.
        f'--extract-hook=for deb in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb --show "$deb"; done'
        f" > {shlex.quote(str(versions))}",
        *([f"--extract-hook={_COMPILE}"] if packages.python else []),
        f"--include={','.join(packages.names)}",
        *(f"--aptopt={option}" for option in (*archive.options(), 'APT::Install-Recommends "false"')),
        *archive.keyring(),
        packages.release,
        str(unpacked),
        *([str(sources)] if sources.read_text() else []),
    ]
    try:
        log = target.with_name(f"{target.name}.build.log")
        with log.open("w") as output:
            done = subprocess.run(
                ["nice", "-n", "10", *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                env={**os.environ, "SOURCE_DATE_EPOCH": "0", "LC_ALL": "C.UTF-8"},
            )
        if done.returncode != 0:
            said = last_line(log.read_text(), done.returncode)
            raise LabError(f"images: mmdebstrap failed: {said} (all of it: {log})")
        layers.tidy(unpacked, packages.unwanted, draft / "layer.tar")
        unpacked.unlink()
        sources.unlink()
        log.rename(draft / "build.log")
        give_to_owner(draft, *draft.iterdir())
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
