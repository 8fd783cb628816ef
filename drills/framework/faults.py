"""What goes wrong in a hospital, one function per accident; every one has its undoing beside it."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Protocol, Self

from lab import cgroups
from lab.host import started


class Machine(Protocol):
    """What a fault needs of a machine; :class:`lab.machine.Machine` is one. All of it may raise LabError."""

    @property
    def name(self) -> str:
        """Its name in the stack file."""

    @property
    def address(self) -> str:
        """Its own address on the LAN."""

    @property
    def init_pid(self) -> int | None:
        """Its first process as this computer numbers it; None when it is off."""

    def kill(self) -> None:
        """Cut its power."""

    def start(self) -> None:
        """Give its power back; returns when it has booted, not when it serves."""

    def catch_up(self) -> None:
        """Be the equal of the machines that did not just boot; see lab/cgroups.py."""

    def is_running(self) -> bool:
        """True while its init lives."""

    def freeze(self) -> None:
        """Stop everything on it; its cable stays up."""

    def thaw(self) -> None:
        """The undoing of :meth:`freeze`."""

    def is_frozen(self) -> bool:
        """True while it is stopped."""

    def holds(self, address: str) -> bool:
        """True while it is alive and carries ``address``."""

    def run(
        self, argv: Sequence[str], *, check: bool = True, timeout: float = 30.0, stdin: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command inside it, as root; ``timeout`` in seconds."""


def powered_at(machine: Machine) -> float | None:
    """When its first process was started, in seconds since the epoch; None while it is off."""
    init = machine.init_pid
    ticks = None if init is None else started(init)
    if ticks is None:
        return None
    computer = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return computer + ticks / os.sysconf("SC_CLK_TCK")


def cut_power(machine: Machine) -> None:
    """The whole machine at once: its peers see silence, not goodbyes."""
    machine.kill()


def power_on(machine: Machine) -> None:
    """The undoing of :func:`cut_power`."""
    if not machine.is_running():
        machine.start()


def kill_service(machine: Machine, service: str) -> None:
    """SIGKILL to every process of ``service`` and to nothing else; systemd may raise it again."""
    machine.run(["systemctl", "kill", "--signal=KILL", f"{service}.service"])


def stop_service(machine: Machine, service: str) -> None:
    """Stopped for good: nobody raises it again but :func:`start_service`."""
    machine.run(["systemctl", "stop", f"{service}.service"])


def start_service(machine: Machine, service: str) -> None:
    """The undoing of :func:`stop_service` and of :func:`kill_service`; does nothing to a running service."""
    machine.run(["systemctl", "start", f"{service}.service"])


def freeze_processes(machine: Machine, *names: str) -> None:
    """Stop every process of these names (SIGSTOP) in the middle of what it does; its connections stay open.

    Raises LabError when a name has no process.
    """
    for name in names:
        machine.run(["pkill", "--signal=STOP", "--exact", comm(name)])


def thaw_processes(machine: Machine, *names: str) -> None:
    """The undoing of :func:`freeze_processes`; fine when nothing of these names is stopped, or is there."""
    for name in names:
        machine.run(["pkill", "--signal=CONT", "--exact", comm(name)], check=False)


def kill_processes(machine: Machine, *names: str) -> None:
    """SIGKILL to every process of these names; whoever started them may start them again."""
    for name in names:
        machine.run(["pkill", "--signal=KILL", "--exact", comm(name)])


def comm(name: str) -> str:
    """A program's name as the kernel keeps it: its first 15 characters."""
    return name[:15]


LOOPS_PER_CORE = 3
"""As many as machines: a lab of three has three programs' share (:mod:`lab.cgroups`)."""


class BusyProcessors:
    """Endless loops at ordinary priority, each an ordinary program: they want half of every core.

    Without the share of the phones that this process plays (:func:`drills.framework.virtual.play_phones`),
    which would leave the machines nothing. They end with the ``with`` block, and by themselves after
    ``seconds`` even when this process is killed.
    """

    def __init__(self, seconds: float) -> None:
        # A process that knows its own end: `timeout` may be killed in the instant before it minds its child.
        loop = f"from time import monotonic as now; end = now() + {seconds}\nwhile now() < end: pass"
        self._command = [*cgroups.leaving(), sys.executable, "-I", "-S", "-c", loop]
        self.loops: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Begin."""
        # The kernel may count a session as one program (autogroup): each gets its own.
        count = LOOPS_PER_CORE * (os.cpu_count() or 1)
        self.loops = [subprocess.Popen(self._command, start_new_session=True) for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for loop in self.loops:
            loop.terminate()
        for loop in self.loops:
            loop.wait()
