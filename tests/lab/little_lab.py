"""A lab of a test's own, beside whatever lab the user has."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lab.hospital import Lab
from lab.privilege import as_root

ON_THE_LAB = (sys.executable, "-m", "lab")


def command_line(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """``python -m lab --lab NAME ...`` as a person types it."""
    argv = [*ON_THE_LAB, f"--lab={name}", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)


def succeed(name: str, *words: str) -> str:
    """The same, which has to work; returns what it printed."""
    done = command_line(name, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(name: str, *words: str) -> str:
    """The same, which has to be refused in one line; returns that line."""
    done = command_line(name, *words)
    assert done.returncode == 1
    assert done.stderr.startswith("lab: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def as_root_do(*argv: str) -> None:
    """What an accident does behind the lab's back."""
    subprocess.run(as_root(argv), check=True)


@contextmanager
def booted(name: str, stack: str = "lab") -> Iterator[Lab]:
    """A lab that is up inside the block and gone after it."""
    try:
        succeed(name, "up", f"--stack={stack}")
        yield Lab.named(name)
    finally:
        succeed(name, "down")


def on_the_lan(lab: Lab, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command on the lab's LAN."""
    return command_line(lab.name, "exec", "--", *argv)


def ssh(lab: Lab, machine: str, command: str, user: str = "admin") -> subprocess.CompletedProcess[str]:
    """Log in with the administrator's key, trusting nothing but the known host keys."""
    keys = lab.state / "ssh"
    options = [f"UserKnownHostsFile={keys / 'known_hosts'}", "StrictHostKeyChecking=yes", "BatchMode=yes"]
    argv = ["ssh", "-q", "-F", "none", "-i", str(keys / "admin"), *(f"-o{option}" for option in options)]
    return on_the_lan(lab, [*argv, f"{user}@{lab.machines[machine].address}", command])


def hears(lab: Lab, listener: str, other: str) -> bool:
    """True when ``listener`` gets an answer from ``other`` within a second."""
    ping = ["ping", "-n", "-c1", "-W1", lab.machines[other].address]
    return lab.machines[listener].run(ping, check=False).returncode == 0
