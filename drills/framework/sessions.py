"""A load on the cache: one machine's services write sessions, and every confirmed one is looked for."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from drills.framework.checker import Findings, longest_gap
from drills.framework.history import Attempt, History, Operation, Outcome
from drills.framework.sessions_client import CacheDoor, Orders
from drills.framework.verdict import DrillError
from drills.framework.workload import Begin, Load, Proof
from lab.privilege import as_root

if TYPE_CHECKING:
    from drills.framework.faults import Machine
    from drills.framework.hospital import Hospital

REPOSITORY = Path(__file__).resolve().parents[2]
SERVICE = Load(rate=50.0, phones=5, lead_s=3.0)
SETTINGS = "/etc/prontuario/service.env"
CREDENTIALS = "/etc/prontuario/service"


def door_of(machine: Machine) -> CacheDoor:
    """The cache as the service of ``machine`` is told to find it; DrillError when it is told of none."""
    lines = machine.run(["cat", SETTINGS]).stdout.splitlines()
    told = dict(line.split("=", 1) for line in lines if "=" in line)
    if not told.get("PRONTUARIO_CACHE_SENTINELS"):
        raise DrillError(f"the service of {machine.name} has no cache yet: run `make up`")
    pairs = (one.rsplit(":", 1) for one in told["PRONTUARIO_CACHE_SENTINELS"].split())
    return CacheDoor(
        sentinels=tuple((host, int(port)) for host, port in pairs),
        name=told["PRONTUARIO_CACHE_NAME"],
        user="app",
        authority=machine.run(["cat", f"{CREDENTIALS}/authority"]).stdout,
        password=machine.run(["cat", f"{CREDENTIALS}/cache-password"]).stdout.strip(),
    )


class Sessions:
    """A running load in the network of one machine, which the drill must leave alone."""

    def __init__(self, machine: Machine, door: CacheDoor, load: Load | None = None) -> None:
        self.load = load or SERVICE
        self.history = History(0.0, float("inf"))
        self.last_answer_at = float("-inf")
        self.client_stall_s = 0.0
        self._machine = machine
        self._door = door
        self._last: dict[str, Any] = {}
        self._running: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    def start(self) -> None:
        """Begin writing; the history begins now."""
        self.history.started_at = monotonic()
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> History:
        """Write no more, look for everything, and return the complete history."""
        self.history.ended_at = monotonic()
        if self._process and self._process.stdin:
            self._process.stdin.close()
        if self._running:
            await self._running
        return self.history

    async def abandon(self) -> None:
        """Stop at once; the history is incomplete and must not be judged."""
        if self._process and self._process.returncode is None:
            self._process.kill()
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def proof(self, struck_at: float) -> Proof:
        """What was confirmed and is not there is lost; what only the primary had is doubtful."""
        findings = judge(self.history, self._last, struck_at)
        phases: dict[str, float | None] = {}
        if findings.failed_attempts:
            phases["writable_s"] = findings.gap.end - struck_at
        return Proof(findings, phases)

    async def _run(self) -> None:
        init = self._machine.init_pid
        if init is None:
            raise DrillError(f"{self._machine.name} is off: nobody can use the cache there")
        # `nsenter` alone enters the network: files, Python and this drill's code are this computer's.
        enter = ["nsenter", f"--net=/proc/{init}/ns/net", "--", "env", "PYTHONDONTWRITEBYTECODE=1"]
        self._process = await asyncio.create_subprocess_exec(
            *as_root([*enter, sys.executable, "-m", "drills.framework.sessions_client"]),
            cwd=REPOSITORY,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,  # the last line names all that is lost
        )
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101 - likewise
        orders = Orders(self.load.rate, self.load.phones)
        first = json.dumps({"door": asdict(self._door), "orders": asdict(orders)})
        self._process.stdin.write(f"{first}\n".encode())
        async for line in self._process.stdout:
            self._record(json.loads(line))
        await self._process.wait()

    def _record(self, line: dict[str, Any]) -> None:
        if "read_back" in line:
            self._last = line
            return
        outcome = Outcome.OK if line["ok"] else Outcome.FAILED
        attempt = Attempt(line["began"], line["ended"], outcome, error=line.get("error", ""))
        if outcome is Outcome.OK:
            self.last_answer_at = max(self.last_answer_at, attempt.ended_at)
        operation = Operation(
            line["id"], "session", attempt.started_at, attempt.ended_at, outcome, (attempt,)
        )
        self.history.operations.append(operation)


def judge(history: History, last: dict[str, Any], struck_at: float) -> Findings:
    """Findings from the tries and from what the client found in the end; pure."""
    ends = [operation.outcome for operation in history.operations]
    unproved = "" if last.get("read_back") else "the cache could not be read back"
    return Findings(
        gap=longest_gap(history, struck_at),
        acked=ends.count(Outcome.OK),
        lost=len(last.get("lost") or ()),
        duplicated=0,
        wrong=0,
        failed_attempts=ends.count(Outcome.FAILED),
        noun="write",
        given_up=ends.count(Outcome.FAILED),
        doubtful=len(last.get("unconfirmed_lost") or ()),
        unproved=unproved,
    )


@asynccontextmanager
async def services(hospital: Hospital, load: Load | None) -> AsyncIterator[Begin]:
    """The kind of load that uses the cache, from the machine that carries none of its servers."""
    carriers: Sequence[str] = hospital.macs
    place = next((name for name in hospital.machines if name not in carriers), carriers[-1])
    door = await asyncio.to_thread(door_of, hospital.machines[carriers[0]])
    yield lambda: Sessions(hospital.machines[place], door, load)
