"""The user's Go: is it fit, and running it with failures told in one line."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from toolchain.errors import ToolchainError

MINIMUM = (1, 26)

# What a failed build says, and what a person should read instead.
_EXPLANATIONS = (
    (
        r"no space left on device",
        "the disk is full: free some space and run the same command again",
    ),
    (
        r"(\S+@\S+): .*403 Forbidden",
        "the Go module proxy does not hold {match}, and says so for good: "
        "point GOPROXY at one that does, or install the official Pulumi binaries",
    ),
    (
        r"(dial tcp|no such host|network is unreachable|connection refused|i/o timeout|TLS handshake)",
        "no answer from the Go module proxy ({proxy}): check the network or GOPROXY, then run it again",
    ),
    (
        r"(SECURITY ERROR|checksum mismatch)",
        "a downloaded module is not the one go.sum pins: nothing was built from it; "
        "do not go on before knowing why",
    ),
    (r"signal: killed", "the machine ran out of memory: close something and run it again"),
)


@functools.cache
def version() -> str | None:
    """The version the user's Go calls itself, such as go1.26.8; None without Go."""
    if shutil.which("go") is None:
        return None
    # Outside any module, so that no go.mod of the place we stand in has a say.
    answer = subprocess.run(
        ["go", "env", "GOVERSION"], capture_output=True, text=True, check=False, cwd="/", timeout=60
    )
    return answer.stdout.strip() or None


def problem() -> str | None:
    """Why this Go cannot build, in one line; None when it can."""
    found = version()
    wanted = ".".join(map(str, MINIMUM))
    if found is None:
        return f"no go on PATH: install Go {wanted} or newer (https://go.dev/dl), or the official Pulumi"
    numbers = re.match(r"go(\d+)\.(\d+)", found)
    if numbers is None or tuple(map(int, numbers.groups())) < MINIMUM:
        return f"{found} is too old: install Go {wanted} or newer (https://go.dev/dl), or the official Pulumi"
    return None


def free_mb(path: Path) -> int:
    """Free space where this path is or will be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free // 1_000_000


def environment() -> dict[str, str]:
    """For go itself: the user's caches and proxies, our flags, checksum database left on."""
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        # readonly: a go.mod or go.sum that would have to change is an error, never an edit.
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOWORK": "off",
    }


def explain(output: str) -> str | None:
    """The one-line reading of a failed build's output, if it is a failure we know."""
    for pattern, text in _EXPLANATIONS:
        found = re.search(pattern, output)
        if found:
            proxy = os.environ.get("GOPROXY") or "proxy.golang.org"
            # A proxy's address may carry a password.
            proxy = re.sub(r"//[^/@]*@", "//", proxy)
            return text.format(match=found.group(1) if found.groups() else "", proxy=proxy)
    return None


def require() -> str:
    """The version of a Go that can build here, or the reason there is none."""
    reason = problem()
    found = version()
    if reason is not None or found is None:
        raise ToolchainError(reason or "no go on PATH")
    return found
