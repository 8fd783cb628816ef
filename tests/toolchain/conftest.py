"""The machine the plugins talk to and the plugin under test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toolchain.fake_go import FakeGo
from tests.toolchain.sshd import Machine, serving
from toolchain import go


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """An SSH server of our own."""
    with serving(tmp_path_factory.mktemp("machine")) as served:
        yield served


@pytest.fixture(scope="session")
def plugin() -> Path | None:
    """The command plugin to test: PRONTUARIO_COMMAND_PLUGIN's, else the pinned one."""
    named = os.environ.get("PRONTUARIO_COMMAND_PLUGIN")
    return Path(named) if named else None


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty toolchain cache, and a home without Pulumi."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    return tmp_path / "cache" / "prontuario" / "toolchain"


@pytest.fixture
def fake_go(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGo]:
    """A Go that builds at once; the only one on PATH."""
    fake = FakeGo(tmp_path / "go")
    fake.install()
    monkeypatch.setenv("PATH", fake.path())
    go.version.cache_clear()
    yield fake
    go.version.cache_clear()
