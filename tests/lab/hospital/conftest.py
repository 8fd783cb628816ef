"""The whole hospital, deployed once for everything below this folder: three machines, cluster and data."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from lab.hospital import Lab
from toolchain.workspace import ROOT

NAME = "test-hospital"
STACK = "lab"


def make(target: str, *words: str) -> str:
    """``make TARGET`` as a person types it, for a lab of the tests' own; returns what it printed."""
    environment = {**os.environ, "PRONTUARIO_LAB": NAME, "COLUMNS": "200"}
    done = subprocess.run(
        ["make", target, *words],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    """What `make up` leaves; whoever breaks it in a test mends it there."""
    try:
        make("up")
        yield Lab.named(NAME)
    finally:
        make("down")
