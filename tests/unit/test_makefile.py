"""The Makefile is the product's front door: everything it calls exists."""

import re
import subprocess
import sys

import pytest

from toolchain.workspace import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
CALLS = sorted(
    set(re.findall(r"\$\(PY\) -m ((?:lab|toolchain|drills|app|infra|load)[\w.]*(?: [a-z]+)?)", MAKEFILE))
)


def test_the_makefile_calls_something() -> None:
    assert len(CALLS) > 8


@pytest.mark.parametrize("call", CALLS)
def test_every_command_of_the_makefile_exists(call: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *call.split(), "--help"],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_target_is_explained_by_make_help() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.M))
    said = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert {line.split()[0] for line in said.stdout.splitlines()} == targets - {"help"} | {"help"}
