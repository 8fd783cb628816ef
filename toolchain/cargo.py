"""The user's Rust: programs from crates.io, each with the dependencies that its own lock file pins."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from toolchain.catalogue import Artefact
from toolchain.errors import ToolchainError

_EXPLANATIONS = (
    (r"No space left on device", "the disk is full: free some space and run the same command again"),
    (
        r"(Could not resolve host|failed to download|network failure|Connection refused|timed out)",
        "no answer from the crates registry: check the network or cargo's settings, then run it again",
    ),
    (r"linker `?cc`? not found", "no C compiler on PATH: install gcc (Debian: build-essential)"),
    (r"signal: 9", "the machine ran out of memory: close something and run it again"),
)


# A fraction of the compiling, for programs whose speed is the disk's and the network's.
_PROFILE = tuple(
    f"--config=profile.release.{setting}"
    for setting in ("opt-level=1", 'lto="off"', "codegen-units=16", 'strip="symbols"')
)


@dataclass(frozen=True)
class Crate(Artefact):
    """A program from crates.io.

    checksum: sha256 of the .crate file, which holds the lock file, which pins all the rest
    features: what is compiled in; the crate's own choice is left out
    """

    checksum: str = ""
    features: tuple[str, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """Arguments of `cargo install`; `checksum` stands with them because it decides what comes out."""
        chosen = f"--features={','.join(self.features)}"
        return ("--locked", "--no-default-features", chosen, *_PROFILE, self.checksum)


@functools.cache
def version() -> str | None:
    """The compiler's version, such as rust1.95.0; None without cargo."""
    if shutil.which("cargo") is None or shutil.which("rustc") is None:
        return None
    answer = subprocess.run(
        ["rustc", "--version"], capture_output=True, text=True, check=False, cwd="/", timeout=60
    )
    found = re.match(r"rustc (\S+)", answer.stdout)
    return f"rust{found[1]}" if found else None


def problem() -> str | None:
    """Why nothing can be compiled here, for people; None when all is well."""
    return None if version() else "no cargo on PATH: install Rust (https://rustup.rs)"


def require() -> str:
    """The compiler's version, or ToolchainError with what to install."""
    found = version()
    if found is None:
        raise ToolchainError(problem() or "")
    return found


def fetch(crate: Crate) -> list[str]:
    """The command that brings the crate here without running anything of it."""
    return ["cargo", "info", "--quiet", f"{crate.target}@{crate.version}"]


def verify(crate: Crate) -> None:
    """Refuse a crate that is not the one pinned: ToolchainError; nothing of it has run then."""
    name = f"{crate.target}-{crate.version}.crate"
    found = sorted((_home() / "registry" / "cache").glob(f"*/{name}"))
    if not found:
        raise ToolchainError(f"{name}: cargo fetched it and it is not below {_home()}: check CARGO_HOME")
    for file in found:
        if hashlib.sha256(file.read_bytes()).hexdigest() != crate.checksum:
            raise ToolchainError(
                f"{file} is not the crate that is pinned (toolchain/storage.py): nothing was built from "
                "it; do not go on before knowing why"
            )


def install(crate: Crate, scratch: Path) -> list[str]:
    """The command that compiles the crate and leaves `bin/<binary>` below ``scratch``."""
    *flags, _ = crate.flags
    return [
        "cargo",
        "install",
        *flags,
        "--no-track",
        "--root",
        str(scratch),
        f"{crate.target}@{crate.version}",
    ]


def environment(target: Path) -> dict[str, str]:
    """For cargo itself: the user's caches and registries, compiling in ``target``."""
    return {**os.environ, "CARGO_TARGET_DIR": str(target)}


def explain(output: str) -> str | None:
    """The one-line reading of a failed build's output, if it is a failure we know."""
    return next((text for pattern, text in _EXPLANATIONS if re.search(pattern, output)), None)


def _home() -> Path:
    return Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
