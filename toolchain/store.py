"""Where built artefacts live, under which key, and how they get there whole or not at all.

<cache>/prontuario/toolchain/
    store/<name>-<version>-<key>/    one artefact, immutable once there
    homes/<key>/                     a PULUMI_HOME made of hard links into the store
    logs/ locks/ building/           of builds, running or past
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from toolchain.catalogue import SOURCES, Artefact


def root() -> Path:
    """The toolchain's part of the user's cache folder."""
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = chosen if chosen.is_absolute() else Path.home() / ".cache"
    return base / "prontuario" / "toolchain"


def sources_key(artefact: Artefact, sources: Path = SOURCES) -> str:
    """Hash of everything of ours that decides what the binary is: version, flags, sources."""
    digest = hashlib.sha256()
    for text in (artefact.version, artefact.target, *artefact.flags, repr(artefact.prepare)):
        digest.update(text.encode() + b"\0")
    module = sources / artefact.module
    for part in artefact.sources:
        for path in sorted(_files(module / part)):
            digest.update(path.relative_to(module).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (file for file in path.rglob("*") if file.is_file())


def folder(artefact: Artefact, go_version: str, sources: Path = SOURCES) -> Path:
    """Where this artefact is once built by this Go, whether or not it is there yet."""
    key = f"{sources_key(artefact, sources)}-{go_version}"
    return root() / "store" / f"{artefact.name}-{artefact.version}-{key}"


def find(artefact: Artefact, go_version: str | None, sources: Path = SOURCES) -> Path | None:
    """The built artefact's folder; without a Go to ask, any Go's build of the same sources will do."""
    if go_version is not None:
        wanted = folder(artefact, go_version, sources)
        return wanted if wanted.is_dir() else None
    prefix = f"{artefact.name}-{artefact.version}-{sources_key(artefact, sources)}-"
    return max((root() / "store").glob(f"{prefix}*"), default=None, key=lambda path: path.stat().st_mtime)


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the lock called so, waiting for whoever holds it; it ends with its holder, however that ends."""
    path = root() / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def sweep() -> None:
    """Remove what builds that were killed left half done."""
    for scratch in (root() / "building").glob("*"):
        if not _alive(int(scratch.suffix[1:])):
            shutil.rmtree(scratch, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def clean(wanted: Sequence[Path], home: Path | None) -> list[Path]:
    """Remove artefacts and homes other than these; returns what went."""
    sweep()
    gone = []
    for kind, keep in (("store", set(wanted)), ("homes", {home})):
        for folder in sorted((root() / kind).glob("*")):
            if folder not in keep:
                shutil.rmtree(folder, ignore_errors=True)
                gone.append(folder)
    names = {folder.name for folder in wanted}
    for log in (root() / "logs").glob("*.log"):
        if log.stem not in names:
            log.unlink(missing_ok=True)
    return gone


@contextlib.contextmanager
def publishing(destination: Path) -> Iterator[Path]:
    """A scratch folder that becomes `destination` if the block ends well, and nothing otherwise."""
    scratch = root() / "building" / f"{destination.name}.{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            scratch.rename(destination)
        except OSError:
            # Somebody published the same content first; theirs is as good as ours.
            if not destination.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def assemble(parts: Sequence[tuple[Artefact, Path]]) -> Path:
    """A PULUMI_HOME holding these artefacts, each given with the folder of its binary."""
    digest = hashlib.sha256(
        "\n".join(f"{artefact.home_path} {origin}" for artefact, origin in parts).encode()
    )
    home = root() / "homes" / digest.hexdigest()[:16]
    if not home.is_dir():
        with publishing(home) as scratch:
            for artefact, origin in parts:
                target = scratch / artefact.home_path
                target.parent.mkdir(parents=True, exist_ok=True)
                for file in (artefact.binary, *(Path(extra.path).name for extra in artefact.beside)):
                    _link(origin / file, target.parent / file)
    return home


def _link(origin: Path, target: Path) -> None:
    # The engine skips plugin folders that are symbolic links, hence a real folder of links.
    try:
        os.link(origin, target)
    except OSError:
        target.symlink_to(origin)
