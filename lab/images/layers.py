"""File-system layers: programs of the toolchain, small text files, and what Debian's packages unpack to."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from lab.images.oci import Blob, plain_entry

# Left by whoever built it, different each time or never read in a container.
UNWANTED = (
    "dev/",
    "proc/",
    "sys/",
    "run/",
    "tmp/",
    "boot/",
    "etc/apt/",
    "etc/machine-id",
    "usr/share/bug/",
    "usr/share/doc/",
    "usr/share/doc-base/",
    "usr/share/info/",
    "usr/share/lintian/",
    "usr/share/locale/",
    "usr/share/man/",
    "var/cache/",
    "var/lib/apt/",
    "var/lib/dpkg/",
    "var/log/",
)
# An entry's type decides what else it carries; devices have no place in an image.
_KEPT = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE)


def programs(files: Mapping[str, Path], layer: Path) -> Blob:
    """A layer of executables: path inside the image -> program."""
    with tarfile.open(layer, "w", format=tarfile.GNU_FORMAT) as tar:
        for inside in sorted(files):
            source = files[inside]
            with source.open("rb") as file:
                tar.addfile(plain_entry(inside.lstrip("/"), source.stat().st_size, 0o755), file)
    return Blob.of(layer)


def unpacked(archive: Path, below: str, layer: Path) -> Blob:
    """A layer of what an archive of ours holds, ``below`` a path of the image; nobody may change it."""
    with tarfile.open(archive) as source, tarfile.open(layer, "w", format=tarfile.GNU_FORMAT) as target:
        for entry in sorted(source, key=lambda entry: entry.name):
            content = source.extractfile(entry) if entry.isfile() else None
            clean = plain_entry(f"{below.strip('/')}/{entry.name}", entry.size if content else 0, 0o444)
            if entry.isdir():
                clean.type, clean.mode = tarfile.DIRTYPE, 0o555
            target.addfile(clean, content)
    return Blob.of(layer)


def skeleton(users: Mapping[str, int], links: Mapping[str, str], layer: Path) -> Blob:
    """A layer that every image ends with: who exists, where to write, and some links (path -> target)."""
    everybody = {"root": 0, "nobody": 65534, **users}
    passwd = "".join(f"{name}:x:{uid}:{uid}::/:/sbin/nologin\n" for name, uid in everybody.items())
    group = "".join(f"{name}:x:{uid}:\n" for name, uid in everybody.items())
    with tarfile.open(layer, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, text in (("etc/group", group), ("etc/passwd", passwd)):
            tar.addfile(plain_entry(name, len(text), 0o644), io.BytesIO(text.encode()))
        for name, mode in (("run", 0o755), ("tmp", 0o1777)):
            folder = plain_entry(name, 0, mode)
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
        for name in sorted(links):
            link = plain_entry(name.lstrip("/"), 0, 0o777)
            link.type, link.linkname = tarfile.SYMTYPE, links[name]
            tar.addfile(link)
    return Blob.of(layer)


def tidy(unpacked: Path, unwanted: Iterable[str], layer: Path) -> Blob:
    """The same tree with one spelling: sorted, without times and names, without what nobody needs.

    ``unpacked`` is a tar as mmdebstrap writes it; ``unwanted``: more paths (a folder ends with a slash).
    """
    refuse = (*UNWANTED, *unwanted)
    with (
        tarfile.open(unpacked) as source,
        tarfile.open(layer, "w", format=tarfile.GNU_FORMAT) as target,
    ):
        entries = [entry for entry in source if entry.type in _KEPT]
        kept = {}
        for entry in entries:
            name = entry.name.removeprefix("./").rstrip("/")
            if name and name != "." and not _matches(name, entry.isdir(), refuse):
                kept[name] = entry
        # A hard link must come after the file it shares.
        for name in sorted(kept, key=lambda name: (kept[name].islnk(), name)):
            entry = kept[name]
            content = source.extractfile(entry) if entry.isfile() and not entry.islnk() else None
            clean = plain_entry(name, entry.size if content else 0, entry.mode & 0o7777)
            clean.type, clean.uid, clean.gid = entry.type, entry.uid, entry.gid
            clean.linkname = entry.linkname.removeprefix("./") if entry.islnk() else entry.linkname
            target.addfile(clean, content)
    return Blob.of(layer)


def _matches(name: str, is_folder: bool, refuse: tuple[str, ...]) -> bool:
    # The folder itself stays: only what is in it goes.
    return any(name.startswith(path) if path.endswith("/") else name == path for path in refuse) and not (
        is_folder and f"{name}/" in refuse
    )
