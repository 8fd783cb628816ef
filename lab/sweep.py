"""What is left to remove when a lab goes down: its visitors and its mounts."""

import os
import signal
import time
from pathlib import Path

from lab.host import command, send, started, wait_until_gone
from lab.network import identity


def inside(namespace: Path) -> set[int]:
    """The processes whose network is this namespace."""
    lan = identity(namespace)
    if lan is None:
        return set()
    found = (int(process.name) for process in Path("/proc").glob("[0-9]*"))
    return {pid for pid in found if identity(Path(f"/proc/{pid}/ns/net")) == lan}


def ancestors() -> set[int]:
    """This process and everything that started it."""
    found, pid = set(), os.getpid()
    while pid > 1:
        found.add(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found


def end(processes: set[int], *, within: float = 2.0) -> None:
    """Ask processes to end, and end those that did not after ``within`` seconds."""
    births = {pid: birth for pid in processes if (birth := started(pid)) is not None}
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid, birth in births.items():
            if started(pid) == birth:
                send(pid, number)
        deadline = time.monotonic() + within
        for pid, birth in births.items():
            wait_until_gone(pid, birth, within=max(0.0, deadline - time.monotonic()))


def unmount_below(folder: Path) -> None:
    """Unmount everything mounted below a folder, the newest first."""
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        where = Path(line.split(" ")[1].replace("\\040", " "))
        if where.is_relative_to(folder):
            command(["umount", "--lazy", str(where)])
