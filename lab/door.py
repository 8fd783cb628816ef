"""The door from this computer to the hospital: a port on 127.0.0.1 that leads to the floating address.

A small process that lives as long as its lab (:mod:`lab.doorkeeper`); its record says which port it got.
"""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from lab.host import LabError, last_line, owner, send, started, wait_until_gone
from lab.network import identity
from lab.privilege import REPOSITORY

# Plain HTTP gets no door: its redirect names the floating address's ports, which are not the door's.
PREFERRED = {"https": (8443, 443)}


def ports(record: Path, lan: Path) -> dict[str, int]:
    """The open ports by protocol; empty when no door of this very LAN lives."""
    try:
        stored = json.loads(record.read_text())
        alive = started(int(stored["pid"])) == stored["birth"]
        same_lan = tuple(stored["lan"]) == identity(lan)
        return {name: int(stored[name]) for name in PREFERRED} if alive and same_lan else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def ensure(record: Path, lan: Path, floating: str) -> dict[str, int]:
    """Open the door unless it is open, and return its ports.

    Raises LabError when it does not open within 10 s.
    """
    found = ports(record, lan)
    if found:
        return found
    close(record)
    uid, gid = owner()
    log = record.with_suffix(".log")
    argv = [sys.executable, "-m", "lab.doorkeeper", str(record), str(lan), floating, str(uid), str(gid)]
    with log.open("w") as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = ports(record, lan)
        if found:
            return found
        if process.poll() is not None:
            break
        time.sleep(0.02)
    process.kill()
    raise LabError(f"the door to 127.0.0.1 did not open: {last_line(log.read_text(), 1)}")


def close(record: Path) -> None:
    """End the door's process, if it lives."""
    try:
        stored = json.loads(record.read_text())
        pid, birth = int(stored["pid"]), int(stored["birth"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if started(pid) == birth:
        send(pid, signal.SIGTERM)
        if not wait_until_gone(pid, birth, within=3.0):
            send(pid, signal.SIGKILL)
    record.unlink(missing_ok=True)
