"""What the command plugin says when it cannot do what it is asked: the same as the official one.

All failing resources belong to one update, so that their waits add up to one.
PRONTUARIO_COMMAND_PLUGIN=/path/to/pulumi-resource-command runs the same tests against another plugin.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.toolchain import listeners
from tests.toolchain.sshd import Machine, free_port, generate_key
from tests.toolchain.stack import Run, Stack, Wanted

pytestmark = pytest.mark.build

COMMAND = "command.remote.Command"


@dataclass(frozen=True)
class Day:
    """One update in which little works, and the one after which everything is gone again."""

    run: Run
    took_s: float
    attempts: int

    def told(self, name: str) -> str:
        """The error of a resource that must have failed."""
        with pytest.raises(KeyError):
            self.run.resource(name)
        return self.run.diagnostics(name)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Iterator[str]:
    """An SSH agent that holds the machine's key; its socket."""
    folder = tmp_path_factory.mktemp("agent")
    socket = str(folder / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    while not os.path.exists(socket):
        time.sleep(0.02)
    subprocess.run(
        ["ssh-add", "-q", "-"],
        input=machine.private_key,
        text=True,
        check=True,
        env={**os.environ, "SSH_AUTH_SOCK": socket},
    )
    yield socket
    process.send_signal(signal.SIGTERM)
    process.wait(5)


class Requests:
    """Builds the update's resources."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self._machine = machine
        self._folder = folder
        self.wanted: list[Wanted] = []

    def command(self, name: str, create: str = "echo let in", **connection: Any) -> None:
        """A command over a connection that is wrong in one way."""
        inputs = {"connection": self._machine.connection(**connection), "create": create}
        self.wanted.append(Wanted(COMMAND, name, inputs))

    def local(self, name: str, **inputs: Any) -> None:
        """A command here."""
        self.wanted.append(Wanted("command.local.Command", name, inputs))

    def copy(self, name: str, source: dict[str, str], remote_path: str) -> None:
        """A copy to the machine."""
        inputs = {"connection": self._machine.connection(), "source": source, "remote_path": remote_path}
        self.wanted.append(Wanted("command.remote.CopyToRemote", name, inputs))

    def file(self, name: str, size: int = 10) -> dict[str, str]:
        """A local file of this size."""
        path = self._folder / name
        path.write_bytes(b"x" * size)
        return {"file": str(path)}


@pytest.fixture(scope="module")
def day(machine: Machine, plugin: Path | None, agent: str, tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Everything that can go wrong goes wrong at once."""
    folder = tmp_path_factory.mktemp("refusals")
    other_host_key = generate_key(folder / "other")
    key = {"secret": machine.encrypted_private_key}
    with contextlib.ExitStack() as stack:
        impatient = stack.enter_context(listeners.hanging_up())
        deaf = stack.enter_context(listeners.deaf())
        ask = Requests(machine, folder)
        ask.command("other-host-key", host_key=other_host_key)
        ask.command("nonsense-host-key", host_key="not a key")
        ask.command("unchecked-host-key", host_key=None)
        ask.command("stranger", private_key={"secret": machine.stranger_key})
        ask.command("nonsense-key", private_key={"secret": "not a key"})
        ask.command("passphrase", private_key=key, private_key_password={"secret": machine.passphrase})
        ask.command("wrong-passphrase", private_key=key, private_key_password={"secret": "guess"})
        ask.command("agent", private_key=None, agent_socket_path=agent)
        ask.command("no-agent", private_key=None, agent_socket_path=str(folder / "nobody"))
        ask.command("refused", port=free_port())
        ask.command("hung-up-on", port=impatient.port, dial_error_limit=3)
        ask.command("deaf", port=deaf.port, per_dial_timeout=1)
        ask.command("through-proxy", proxy=_proxy(machine))
        ask.command("refusing-proxy", proxy={**_proxy(machine), "port": free_port()})
        ask.command("false-proxy", proxy={**_proxy(machine), "host_key": other_host_key})
        ask.command("failing", create="echo some words; echo a reason >&2; exit 7")
        ask.command("killed", create="kill -9 $$")
        ask.wanted.append(
            Wanted(
                COMMAND,
                "unwelcome-variable",
                {"connection": machine.connection(), "create": "true", "environment": {"LD_PRELOAD": "x"}},
            )
        )
        ask.local("failing-here", create="echo some words; echo a reason >&2; exit 7")
        ask.local("nowhere", create="true", dir=str(folder / "nowhere"))
        ask.local("no-interpreter", create="true", interpreter=["/no/such/shell"])
        standing = machine.folder / "in-the-way"
        standing.write_text("a file")
        (folder / "tree").mkdir()
        ask.copy("disk-full", ask.file("large", 3_000_000), "/dev/full")
        ask.copy("disk-full-text", {"text": "words"}, "/dev/full")

        ask.copy("folder-over-file", {"archive": str(folder / "tree")}, str(standing))
        ask.copy("text-into-folder", {"text": "words"}, str(machine.folder))

        runner = Stack(folder / "stack", plugin)
        began = time.monotonic()
        run = runner.up(ask.wanted, check=False)
        return Day(run, time.monotonic() - began, impatient.clients)


def _proxy(machine: Machine) -> dict[str, Any]:
    return dict(machine.connection())


def test_update_fails_yet_keeps_what_worked(day: Day) -> None:
    assert day.run.status != 0
    assert day.run.outputs("unchecked-host-key")["stdout"] == "let in"


def test_other_host_key_is_refused(day: Day) -> None:
    assert "host key mismatch" in day.told("other-host-key")


def test_host_key_that_is_no_key_is_refused(day: Day) -> None:
    assert "key" in day.told("nonsense-host-key")


def test_unknown_key_is_not_let_in(day: Day) -> None:
    assert "unable to authenticate" in day.told("stranger")


def test_key_that_is_no_key_is_refused_without_being_shown(day: Day) -> None:
    assert "no key found" in day.told("nonsense-key")
    assert "not a key" not in day.told("nonsense-key")


def test_encrypted_key_opens_with_its_passphrase(day: Day) -> None:
    assert day.run.outputs("passphrase")["stdout"] == "let in"


def test_wrong_passphrase_is_said_to_be_wrong(day: Day) -> None:
    assert "password incorrect" in day.told("wrong-passphrase")


def test_agent_lets_in(day: Day) -> None:
    assert day.run.outputs("agent")["stdout"] == "let in"


def test_missing_agent_is_an_error(day: Day) -> None:
    assert "no such file" in day.told("no-agent")


def test_refused_connection_says_so(day: Day) -> None:
    assert "connection refused" in day.told("refused")


def test_dialing_stops_one_failure_past_the_limit(day: Day) -> None:
    assert "failed attempts" in day.told("hung-up-on")
    assert day.attempts == 4


def test_unheard_call_times_out(day: Day) -> None:
    assert "i/o timeout" in day.told("deaf")
    assert day.took_s < 20


def test_proxy_leads_to_the_machine(day: Day) -> None:
    assert day.run.outputs("through-proxy")["stdout"] == "let in"


def test_refusing_proxy_is_named(day: Day) -> None:
    told = day.told("refusing-proxy")
    assert "proxy" in told
    assert "connection refused" in told


def test_false_proxy_is_not_believed(day: Day) -> None:
    told = day.told("false-proxy")
    assert "proxy" in told
    assert "host key mismatch" in told


@pytest.mark.parametrize("name", ["failing", "failing-here"])
def test_exit_code_and_output_are_told(day: Day, name: str) -> None:
    told = day.told(name)
    assert "7" in told
    assert "some words" in told
    assert "a reason" in told


def test_killed_command_is_an_error(day: Day) -> None:
    assert "KILL" in day.told("killed")


def test_variable_the_server_refuses_is_an_error(day: Day) -> None:
    assert "LD_PRELOAD" in day.told("unwelcome-variable")


def test_missing_folder_and_interpreter_are_errors(day: Day) -> None:
    assert "nowhere" in day.told("nowhere")
    assert "/no/such/shell" in day.told("no-interpreter")


@pytest.mark.parametrize("name", ["disk-full", "disk-full-text"])
def test_full_disk_is_an_error_naming_the_place(day: Day, name: str) -> None:
    assert "/dev/full" in day.told(name)


def test_folder_does_not_replace_a_file(day: Day) -> None:
    assert "in-the-way" in day.told("folder-over-file")


def test_text_needs_a_name_of_its_own(day: Day) -> None:
    assert "is a directory" in day.told("text-into-folder")


def test_no_key_is_ever_printed(day: Day, machine: Machine) -> None:
    secrets = [machine.private_key.splitlines()[1], machine.stranger_key.splitlines()[1], machine.passphrase]
    # Found first, asserted then: pytest would print what it compares.
    printed = [secret for secret in secrets if secret in day.run.output + day.run.state]
    assert not printed
