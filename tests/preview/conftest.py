"""Previews by the real engine, read back as JSON: each stack once for all the sentences about it."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from toolchain.workspace import Workspace, stack_settings

PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nnobodysprivatekey\n-----END OPENSSH PRIVATE KEY-----\n"


@dataclass(frozen=True)
class Preview:
    """What the engine said it would create."""

    steps: list[dict[str, Any]]
    seconds: float

    @property
    def types(self) -> Counter[str]:
        """How many resources of each type, providers and the stack itself left out."""
        found = (step["newState"]["type"] for step in self.steps)
        return Counter(t for t in found if not t.startswith("pulumi:"))

    def named(self, kind: str) -> set[str]:
        """The names of the resources of type ``kind``."""
        return {s["urn"].rsplit("::", 1)[1] for s in self.steps if s["newState"]["type"] == kind}


@pytest.fixture(scope="session")
def previews(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Preview]:
    """A first preview of every committed stack file, each in a workspace of its own."""
    found = {}
    for stack in ("mvp", "prod", "lab", "lab-mvp"):
        folder: Path = tmp_path_factory.mktemp(stack)
        workspace = Workspace.create(folder, stack, stack_settings(stack), key=PRIVATE_KEY)
        started = time.monotonic()
        report = workspace.preview()
        found[stack] = Preview(report["steps"], time.monotonic() - started)
    return found
