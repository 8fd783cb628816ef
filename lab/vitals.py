"""What this computer's kernel tells about a machine: nothing is sent to it, nothing runs on it."""

import itertools
from pathlib import Path

from lab.host import started

LISTENING = "0A"


def init_of(nspawn: int) -> int | None:
    """The PID 1 of the machine below this systemd-nspawn, as this computer numbers it, or None."""
    try:
        children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
    except OSError:
        return None
    return next((child for child in map(int, children) if _is_init(child)), None)


def _is_init(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    numbers = next((row.split()[1:] for row in status.splitlines() if row.startswith("NSpid:")), [])
    return len(numbers) > 1 and numbers[-1] == "1" and started(pid) is not None


def holds(init: int, address: str) -> bool:
    """True while the machine of this PID 1 carries the address on one of its interfaces."""
    try:
        lines = Path(f"/proc/{init}/net/fib_trie").read_text().splitlines()
    except OSError:
        return False
    return any(
        line.strip() == f"|-- {address}" and "/32 host LOCAL" in following
        for line, following in itertools.pairwise(lines)
    )


def listens(init: int, port: int) -> bool:
    """True while something on the machine of this PID 1 accepts TCP connections on this port."""
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/{init}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        if any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == LISTENING for row in rows):
            return True
    return False
