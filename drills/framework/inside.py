"""Writers on a cut-off machine: they speak to its own instance, past the edge, as nobody should.

``python -m drills.framework.inside`` is such a writer. It reads who it is from its standard input (its
password too, so that no command line holds it), and prints one line of JSON for each try.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from drills.framework.faults import Machine
from drills.framework.records_checker import Ack
from drills.framework.records_client import Clerk, RecordsDoor, trusting
from drills.framework.verdict import DrillError
from lab.privilege import as_root

REPOSITORY = Path(__file__).resolve().parents[2]
PAUSE_S = 0.2
TRY_S = 2.0
CLOSED = ("refused", "unreachable", "starting or stopping", "shut down")
"""Words for a database that has stopped serving, and not merely waits."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an inside writer is told: the door of one instance, and how to know it."""

    host: str
    port: int
    database: str
    user: str
    authority: str
    server_name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lived:
    """What it lived through, in monotonic seconds.

    reads: when a read was answered; closed: when the instance did not even open
    """

    acks: tuple[Ack, ...]
    doubtful: frozenset[str]
    reads: tuple[float, ...]
    closed: tuple[float, ...]


def lived(lines: Sequence[str]) -> Lived:
    """Read the printed lines; a torn last one is nothing."""
    acks: list[Ack] = []
    doubtful: set[str] = set()
    reads: list[float] = []
    closed: list[float] = []
    for line in lines:
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:
            continue
        if told.get("ack"):
            acks.append(Ack(**told["ack"]))
        if told.get("doubtful"):
            doubtful.add(told["id"])
        if told.get("error") in CLOSED:
            closed.append(told["at"])
        if told.get("read"):
            reads.append(told["at"])
    return Lived(tuple(acks), frozenset(doubtful), tuple(reads), tuple(closed))


class InsideWriter:
    """A writer in the network of one machine, as a process of its own, until :meth:`stop`."""

    def __init__(self, machine: Machine, told: Told) -> None:
        init = machine.init_pid
        if init is None:
            raise DrillError(f"{machine.name} is off: nobody can write on it")
        # `nsenter` alone enters the network: files, Python and this drill's code are this computer's.
        enter = ["nsenter", f"--net=/proc/{init}/ns/net", "--", "env", "PYTHONDONTWRITEBYTECODE=1"]
        self._process = subprocess.Popen(
            as_root([*enter, sys.executable, "-m", "drills.framework.inside"]),
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.write(json.dumps(asdict(told)) + "\n")
        self._process.stdin.flush()

    def stop(self) -> Lived:
        """End it, by closing its standard input, and return what it lived through."""
        said, _ = self._process.communicate(timeout=30)
        return lived(said.splitlines())


async def write_until_told_to_stop(told: Told) -> None:
    """Write and read by turns until standard input ends."""
    tls = trusting(Path(told.authority), told.server_name)
    door = RecordsDoor(told.host, told.port, told.database, told.user, told.password, tls)
    name = f"inside-{os.getpid()}"
    writer, reader = Clerk(name, door, str), Clerk(name, door, str)
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    known = str(uuid.uuid4())
    while not over.done():
        note = str(uuid.uuid4())
        attempt, ack, doubtful = await writer.write(note, TRY_S)
        read = await reader.look(known, TRY_S) is not None
        line = {
            "id": note,
            "at": monotonic(),
            "error": attempt.error,
            "ack": asdict(ack) if ack else None,
            "doubtful": doubtful,
            "read": read,
        }
        print(json.dumps(line), flush=True)
        await asyncio.sleep(PAUSE_S)
    writer.hang_up()
    reader.hang_up()


if __name__ == "__main__":
    asyncio.run(write_until_told_to_stop(Told(**json.loads(sys.stdin.readline()))))
