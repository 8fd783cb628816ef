#!/usr/bin/python3
"""Ends an instance of the records that neither works nor dies, so that the standby can take over.

``prontuario-records-watchdog NAMESPACE CLUSTER``, standard library alone. CloudNativePG asks whether an
instance is reachable, not whether it works: one whose processes or whose disk stand still keeps its lease,
and nobody is promoted. So every second this machine's instance is asked for two signs of life: PostgreSQL
says a word to whoever knocks at its socket, and its disk takes a few bytes for good. Any answer is a sign,
a refusal too: what fails at once is for CloudNativePG to judge. An instance that gave both and then owes
one of them for PATIENCE seconds is killed; Kubernetes starts it again, and whoever is promoted meanwhile
has every acknowledged commit.
"""

import contextlib
import ctypes
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

EVERY = 1.0
TRY = 3.0
PATIENCE = 15.0
STALL = 3.0
"""Seconds: between two looks, until a knock is tried again, until an instance is given up, and between two
looks of a machine that itself stood still and forgets what it was waiting for."""
MANAGER = [b"/controller/manager", b"instance", b"run"]
PROC = Path("/proc")
_ENCRYPTION = struct.pack("!ii", 8, 80877103)


class Instance:
    """One life of an instance's container, by the process id of its first process."""

    def __init__(self, pid: int, environment: dict[str, str]) -> None:
        self.pid, self.name = pid, environment["POD_NAME"]
        inside = PROC / str(pid) / "root"
        self.socket = f"{inside}{environment['PGHOST']}/.s.PGSQL.{environment['PGPORT']}"
        self.note = Path(f"{inside}{environment['PGDATA']}").parent / "watchdog"

    def knock(self) -> None:
        """PostgreSQL's postmaster and a new process of its answer, or OSError."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(TRY)
            door.connect(self.socket)
            door.sendall(_ENCRYPTION)
            door.recv(1)

    def write(self) -> None:
        """The disk keeps a few bytes, or OSError."""
        note = os.open(self.note, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.pwrite(note, f"{time.time():.0f}\n".encode(), 0)
            os.fsync(note)
        finally:
            os.close(note)


class Sign:
    """One sign of life, asked for in a thread that may hang."""

    def __init__(self, what: str, ask: Callable[[], None], clock: Callable[[], float]) -> None:
        self.what, self._ask, self._clock = what, ask, clock
        self.last: float | None = None  # when it was seen; None before the first time
        self._asking = False

    def seek(self) -> None:
        """Ask, unless somebody still waits for the last answer."""
        if not self._asking:
            self._asking = True
            threading.Thread(target=self._once, daemon=True).start()

    def _once(self) -> None:
        try:
            self._ask()
            self.last = self._clock()
        except (TimeoutError, BlockingIOError):
            pass  # no answer: nobody takes the knock, or even opens the door
        except OSError:
            self.last = self._clock() if self.last is not None else None
        finally:
            self._asking = False


class Watch:
    """What is known of the instance that this machine carries now."""

    def __init__(self, instance: Instance, clock: Callable[[], float] = time.monotonic) -> None:
        self.instance, self._clock = instance, clock
        self._looked = clock()
        self.signs = [Sign("PostgreSQL", instance.knock, clock), Sign("its disk", instance.write, clock)]

    def look(self) -> str | None:
        """Ask for every sign; what to say if the instance has owed one for too long."""
        now, before = self._clock(), self._looked
        self._looked = now
        for sign in self.signs:
            if now - before > STALL and sign.last is not None:
                sign.last = now
            sign.seek()
        if any(sign.last is None for sign in self.signs):
            return None
        owed = [sign for sign in self.signs if sign.last is not None and now - sign.last >= PATIENCE]
        return ", ".join(f"{sign.what} has not answered for {PATIENCE:.0f} s" for sign in owed) or None


def instances(namespace: str, cluster: str) -> Iterator[Instance]:
    """The instances of ``cluster`` that run on this machine."""
    for process in PROC.iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError, KeyError, ValueError):
            if (process / "cmdline").read_bytes().split(b"\0")[:3] != MANAGER:
                continue
            words = (process / "environ").read_bytes().decode().split("\0")
            environment = dict(word.split("=", 1) for word in words if "=" in word)
            if (environment["NAMESPACE"], environment["CLUSTER_NAME"]) == (namespace, cluster):
                yield Instance(int(process.name), environment)


def container(pid: int) -> list[int]:
    """Every process beside ``pid`` in its container, itself included."""

    def space(process: str) -> str | None:
        try:
            return os.readlink(PROC / process / "ns/pid")
        except OSError:
            return None

    where = space(str(pid))
    if where in (None, space("self")):
        return [pid]
    return [int(one.name) for one in PROC.iterdir() if one.name.isdigit() and space(one.name) == where]


def end(pid: int) -> None:
    """Kill every process of the container: the first may hang in the kernel, on the very disk that is gone,
    and until that one ends the others would live on, and tell the standby that the primary is there."""
    for process in container(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def main(namespace: str, cluster: str) -> None:
    """For ever."""
    watches: dict[int, Watch] = {}
    while True:
        found = {one.pid: one for one in instances(namespace, cluster)}
        watches = {pid: watches.get(pid) or Watch(one) for pid, one in found.items()}
        for pid, watch in watches.items():
            if reason := watch.look():
                end(pid)
                watches[pid] = Watch(watch.instance)
                print(f"ended {watch.instance.name} (process {pid}): {reason}", flush=True)
        time.sleep(EVERY)


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    ctypes.CDLL(None).mlockall(3)  # a disk that is gone must not take this program along
    main(*sys.argv[1:3])
