"""Builds the release: immutable, versioned archives that a machine or an image needs nothing else to run.

``python -m app.release [--arch x86_64|aarch64] [--part whole|plain]`` writes
``build/releases/prontuario-<id>.tar.gz``, which holds every role, and ``prontuario-plain-<id>.tar.gz``: the
same sources with the libraries of a machine's own service alone, a tenth of the size. The id
holds the hash of everything that goes in (sources, locks, architecture, this recipe), so it is known before
anything is built; the same inputs give the same bytes: entries sorted, times zero, owner root, bytecode
compiled here.
"""

import argparse
import gzip
import hashlib
import importlib.util
import io
import json
import marshal
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ARCHITECTURES = ("x86_64", "aarch64")
PYTHON = "3.11"  # what the machines' Debian has; the bytecode is compiled for it

_BASELINE = "manylinux_2_28"
_INSTALLER_TRACES = frozenset(
    {".lock", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
)
_LAUNCHER = '''\
"""Starts the service of this release, with the release's own libraries only."""

import json
import os
import sys
from pathlib import Path

# The link may be switched while this process lives: a late import must not come from another release.
root = Path(__file__).resolve().parent
sys.path[0:1] = [str(root), str(root / "lib")]
os.environ["PRONTUARIO_RELEASE"] = json.loads((root / "manifest.json").read_text())["id"]

from app.__main__ import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
'''


class Part(StrEnum):
    """What of the application an archive of a release can run."""

    WHOLE = "whole"
    """Every role: what the services' image holds."""
    PLAIN = "plain"
    """The role of that name: what is sent to the machines."""

    @property
    def lock(self) -> str:
        """Where its libraries are named, from the project's root."""
        return "app/requirements.txt" if self is Part.WHOLE else "app/requirements-plain.txt"


class ReleaseError(RuntimeError):
    """The release is missing, stale or cannot be built; the message says what to do."""


@dataclass(frozen=True)
class Release:
    """One built artefact. ``sha256`` is of the file, ``id`` (version, 12 hex digits, arch) of the inputs of
    all its parts."""

    id: str
    version: str
    path: Path
    sha256: str
    arch: str


def find_release(arch: str, project: Path = PROJECT, part: Part = Part.WHOLE) -> Release:
    """The artefact of the present sources; raises ReleaseError when it was not built since they changed."""
    identity, version = identify(arch, project)
    path = artefact_path(identity, project, part)
    if path.is_file():
        return Release(identity, version, path, hashlib.sha256(path.read_bytes()).hexdigest(), arch)
    others = sorted(path.parent.glob(artefact_path(f"[0-9]*-{arch}", project, part).name))
    reason = "the sources changed since the last build" if others else "nothing was built yet"
    raise ReleaseError(f"release {identity} is missing: {reason}; run `make release`")


def plan_release(arch: str, project: Path = PROJECT, part: Part = Part.WHOLE) -> Release:
    """What the present sources would make, built or not: enough for a preview, with an empty ``sha256``."""
    identity, version = identify(arch, project)
    return Release(identity, version, artefact_path(identity, project, part), "", arch)


def build_release(arch: str, project: Path = PROJECT, part: Part = Part.WHOLE) -> Release:
    """Build the artefact unless it exists; needs ``uv`` and the wheels (from its cache or the index)."""
    identity, version = identify(arch, project)
    path = artefact_path(identity, project, part)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=path.parent) as scratch:
            tree = Path(scratch) / "tree"
            _assemble(tree, Release(identity, version, path, "", arch), project, part)
            archive = Path(scratch) / path.name
            archive.write_bytes(_pack(tree))
            archive.replace(path)
    return find_release(arch, project, part)


def identify(arch: str, project: Path = PROJECT) -> tuple[str, str]:
    """Id and version of the release that the present sources make for ``arch``."""
    if arch not in ARCHITECTURES:
        raise ReleaseError(f"no release for architecture {arch!r}: choose {' or '.join(ARCHITECTURES)}")
    inputs = hashlib.sha256()
    for name, content in _inputs(project):
        inputs.update(f"{name}\0{len(content)}\0".encode() + content)
    inputs.update(f"{arch} {PYTHON} {_BASELINE}".encode())
    declared = re.search(r'^__version__ = "([^"]+)"$', (project / "app/__init__.py").read_text(), re.M)
    if declared is None:
        raise ReleaseError('app/__init__.py names no version: add a line like __version__ = "1.2.3"')
    return f"{declared[1]}-{inputs.hexdigest()[:12]}-{arch}", declared[1]


def artefact_path(identity: str, project: Path = PROJECT, part: Part = Part.WHOLE) -> Path:
    """Where that part of the release of that id is kept."""
    name = identity if part is Part.WHOLE else f"{part}-{identity}"
    return project / "build" / "releases" / f"prontuario-{name}.tar.gz"


def _sources(project: Path) -> list[Path]:
    """What runs: all modules of app/ but this recipe, and the tables and templates that they read."""
    package = project / "app"
    files = [path for kind in ("*.py", "*.typ", "data/*.csv") for path in package.rglob(kind)]
    return sorted(path for path in files if path.relative_to(package) != Path("release.py"))


def _inputs(project: Path) -> Iterator[tuple[str, bytes]]:
    yield "recipe", Path(__file__).read_bytes()
    for part in Part:
        yield part.lock, (project / part.lock).read_bytes()
    for path in _sources(project):
        yield path.relative_to(project).as_posix(), path.read_bytes()


def _assemble(tree: Path, release: Release, project: Path, part: Part) -> None:
    for source in _sources(project):
        target = tree / source.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    _install(tree / "lib", release.arch, project / part.lock)
    (tree / "__main__.py").write_text(_LAUNCHER)
    manifest = {"id": release.id, "version": release.version, "arch": release.arch, "python": PYTHON}
    (tree / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    for module in sorted(tree.rglob("*.py")):
        _compile(module)


def _install(target: Path, arch: str, lock: Path) -> None:
    """The locked wheels for ``arch``, whatever this computer is; nothing is run or compiled from source."""
    command = [
        *(_uv(), "pip", "install", "--quiet", "--target", str(target), "--link-mode", "copy"),
        *("--python-platform", f"{arch}-{_BASELINE}", "--python-version", PYTHON),
        *("--only-binary", ":all:", "--no-deps", "--require-hashes"),
        *("--requirement", str(lock)),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        reason = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise ReleaseError(f"cannot install the locked packages for {arch}: {reason}")
    # Scripts that name this computer's paths, and what wheels carry for their own developers.
    for folder in [target / "bin", *target.glob("*/.*/")]:
        shutil.rmtree(folder, ignore_errors=True)
    for trace in [path for path in target.rglob("*") if path.name in _INSTALLER_TRACES]:
        trace.unlink()


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        raise ReleaseError("uv is missing: `make .venv/ready` installs it")
    return found


def _compile(module: Path) -> None:
    """Bytecode beside ``module`` that Python takes without a look at the source (PEP 552, unchecked hash)."""
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        raise ReleaseError(f"a release is built with Python {PYTHON}, not {platform.python_version()}")
    source = module.read_bytes()
    try:
        code = compile(source, module.name, "exec", dont_inherit=True, optimize=0)
    except SyntaxError:
        return  # a wheel's template or a newer Python's module: never imported here
    header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(source)
    target = Path(importlib.util.cache_from_source(str(module), optimization=""))
    target.parent.mkdir(exist_ok=True)
    # Version 2 has no back references: those depend on what else this process holds in memory.
    target.write_bytes(header + marshal.dumps(code, 2))


def _pack(tree: Path) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(tree.rglob("*")):
            entry = tarfile.TarInfo(path.relative_to(tree).as_posix())
            if path.is_dir():
                entry.type, entry.mode = tarfile.DIRTYPE, 0o555
                archive.addfile(entry)
            else:
                content = path.read_bytes()
                entry.size, entry.mode = len(content), 0o444
                archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=6, mtime=0)


def main() -> int:
    """Build for one architecture and say where the artefacts are."""
    parser = argparse.ArgumentParser(prog="python -m app.release", description="Build the service's release.")
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine(), platform.machine())
    parser.add_argument("--arch", default=machine, help=f"target architecture (default: {machine})")
    parser.add_argument("--part", type=Part, choices=list(Part), help="only that (default: all parts)")
    arguments = parser.parse_args()
    for part in [arguments.part] if arguments.part else Part:
        started = time.monotonic()
        try:
            release = build_release(arguments.arch, part=part)
        except ReleaseError as error:
            print(f"release: {error}", file=sys.stderr)
            return 1
        size = release.path.stat().st_size / 1e6
        shown = os.path.relpath(release.path)
        print(f"release {release.id}: {shown} ({size:.1f} MB, {time.monotonic() - started:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
