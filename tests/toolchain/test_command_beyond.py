"""Where our command plugin does better than the official one; toolchain/plugins/COMMAND.md lists it all."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.toolchain import listeners
from tests.toolchain.sshd import SMALL_DISK, Machine
from tests.toolchain.stack import Run, Stack, Wanted

pytestmark = pytest.mark.build

COMMAND = "command.remote.Command"
COPY = "command.remote.CopyToRemote"


@dataclass(frozen=True)
class Day:
    """One update, and how long it took."""

    run: Run
    took_s: float


@pytest.fixture(scope="module")
def day(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """One update with everything that used to hang, or to pass unnoticed."""
    folder = tmp_path_factory.mktemp("beyond")
    small, large = folder / "small", folder / "large"
    small.write_text("a few words")
    large.write_bytes(b"x" * 200_000)
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(listeners.silent())
        long_line = "head -c 200000 /dev/zero | tr '\\0' x"

        def copy(name: str, source: Path, target: str) -> Wanted:
            inputs = {"source": {"file": str(source)}, "remote_path": target}
            return Wanted(COPY, name, {"connection": machine.connection(), **inputs})

        def command(name: str, create: str, **connection: object) -> Wanted:
            return Wanted(COMMAND, name, {"connection": machine.connection(**connection), "create": create})

        wanted = [
            copy("small-file", small, "/dev/full"),
            copy("small-disk", large, str(machine.folder / SMALL_DISK / "large")),
            command("silent", "true", port=silent.port, per_dial_timeout=1),
            command(
                "silent-proxy", "true", proxy={**machine.connection(port=silent.port, per_dial_timeout=1)}
            ),
            command("long-line", long_line),
            Wanted("command.local.Command", "long-line-here", {"create": long_line}),
            command("rsa", "echo let in", host_key=machine.rsa_host_key),
        ]
        runner = Stack(folder / "stack")
        began = time.monotonic()
        run = runner.up(wanted, check=False)
        yield Day(run, time.monotonic() - began)


def test_small_file_on_a_full_disk_is_an_error(day: Day) -> None:
    assert "failed to copy to remote path /dev/full" in day.run.diagnostics("small-file")


@pytest.mark.parametrize("name", ["silent", "silent-proxy"])
def test_silent_server_times_out(day: Day, name: str) -> None:
    assert "no greeting" in day.run.diagnostics(name)
    assert day.took_s < 20


@pytest.mark.parametrize("name", ["long-line", "long-line-here"])
def test_long_line_is_kept_whole(day: Day, name: str) -> None:
    assert len(day.run.outputs(name)["stdout"]) == 200_000


def test_rsa_host_key_is_recognised(day: Day) -> None:
    assert day.run.outputs("rsa")["stdout"] == "let in"


if os.geteuid() == 0:  # an ordinary user cannot make the small disk

    def test_full_disk_is_called_full(day: Day) -> None:
        assert "the disk there is full" in day.run.diagnostics("small-disk")
