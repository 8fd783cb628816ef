"""One run of a drill: scenes one after another, each with its own load, one fault, and its own verdict."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from drills.framework.checker import Findings, first_answer
from drills.framework.history import History
from drills.framework.hospital import Hospital
from drills.framework.observer import Holding, Observer, count_moves, first_move
from drills.framework.verdict import Budget, DrillError
from drills.framework.workload import Begin, Proof, Workload
from lab.host import LabError

SILENCE_S = 3.0
"""No answer for so long before a fault is a fault of its own."""
BEGINNING_S = 20.0
"""For the load to begin; a busy computer needs seconds to start a client."""
SETTLED_S = 0.5
"""Answers that recent mean the hospital answers."""


@dataclass(frozen=True, slots=True)
class Take:
    """What one scene recorded and what the checker found in it; times are monotonic seconds."""

    run: int
    fault: str
    victim: str
    budget: Budget
    fault_at: float
    history: History
    holdings: list[Holding]
    findings: Findings
    phases: dict[str, float | None]
    address_moves: int
    client_stall_s: float
    broken: list[str]
    computer_load: float = 0.0
    """Processes that wanted this computer's processors when the fault struck (the last minute's mean)."""


@dataclass(slots=True)
class Scene:
    """The load is on; strike once, then watch."""

    run: int
    fault: str
    victim: str
    budget: Budget
    hospital: Hospital
    workload: Workload
    fault_at: float = 0.0
    phases: dict[str, float | None] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    computer_load: float = 0.0

    async def strike(self, fault: Callable[[], None]) -> None:
        """Let it happen; the clock of every phase starts here, and the load runs on.

        Raises DrillError, and touches nothing, when nobody was being answered anyway: the silence would be
        put down to the fault.
        """
        if monotonic() - self.workload.last_answer_at > SILENCE_S:
            raise DrillError(f"nobody was answered in the last {SILENCE_S:g} s before the fault: not struck")
        self.fault_at = monotonic()
        self.computer_load = os.getloadavg()[0]
        self.workload.client_stall_s = 0.0
        try:
            await asyncio.to_thread(fault)
        except (OSError, LabError) as error:
            raise DrillError(f"the fault could not be applied: {error}") from error
        self.phases["fault_applied_s"] = monotonic() - self.fault_at

    async def watch(self, at_least: float = 6.0, within: float = 20.0) -> None:
        """Watch ``at_least`` seconds after the fault, longer while nobody is answered, ``within`` at most."""
        while (elapsed := monotonic() - self.fault_at) < within:
            if elapsed >= at_least and monotonic() - self.workload.last_answer_at < SETTLED_S:
                return
            await asyncio.sleep(0.05)

    async def until_healthy(self, within: float) -> None:
        """Wait for every machine and service; not being whole after ``within`` seconds breaks the run."""
        complaints = await self.hospital.until_healthy(within)
        if complaints:
            self.broken.append(f"not healthy again within {within:g} s: {complaints[0]}")
            raise DrillError(f"the hospital did not recover within {within:g} s: {'; '.join(complaints)}")
        self.phases["healthy_s"] = monotonic() - self.fault_at


class Stage:
    """The hospital as a drill's script sees it during one run."""

    def __init__(
        self,
        hospital: Hospital,
        run: int,
        budget: Budget,
        on_take: Callable[[Take], None],
        begin: Begin,
    ) -> None:
        self.hospital = hospital
        self._run = run
        self._budget = budget
        self._on_take = on_take
        self._begin = begin

    @asynccontextmanager
    async def scene(self, fault: str, victim: str, budget: Budget | None = None) -> AsyncIterator[Scene]:
        """Load on, a little peace, the block, load off, verdict. The take is kept even when it broke.

        A block that never struck is no take.
        """
        workload = self._begin()
        observer = Observer(self.hospital.probes())
        scene = Scene(self._run, fault, victim, budget or self._budget, self.hospital, workload)
        observer.start()
        workload.start()
        whole = False
        try:
            await _begun(workload)
            await asyncio.sleep(workload.load.lead_s)
            yield scene
            whole = True
        except DrillError:
            whole = True
            raise
        finally:
            if whole and scene.fault_at:
                history = await workload.stop()
                holdings = await observer.stop()
                self._on_take(judge(scene, history, holdings, await workload.proof(scene.fault_at)))
            else:
                await workload.abandon()
                await observer.stop()


async def _begun(workload: Workload) -> None:
    """Wait for the load's first answer: its client may be a program that has to start."""
    end = monotonic() + BEGINNING_S
    while workload.last_answer_at == float("-inf") and monotonic() < end:
        await asyncio.sleep(0.05)


def judge(scene: Scene, history: History, holdings: list[Holding], proof: Proof) -> Take:
    """The take of a scene that was struck: what its history and the observer's notes amount to."""
    findings = proof.findings
    moved_at = first_move(holdings, scene.fault_at)
    moves = count_moves(holdings, scene.fault_at)
    phases = {
        "address_moved_s": _since(scene, moved_at),
        "first_answer_s": _since(scene, first_answer(history, scene.fault_at)),
        "gap_began_s": findings.gap.start - scene.fault_at,
        "gap_ended_s": findings.gap.end - scene.fault_at,
        **proof.phases,
        **scene.phases,
    }
    return Take(
        run=scene.run,
        fault=scene.fault,
        victim=scene.victim,
        budget=scene.budget,
        fault_at=scene.fault_at,
        history=history,
        holdings=holdings,
        findings=findings,
        phases=phases,
        address_moves=moves,
        client_stall_s=scene.workload.client_stall_s,
        broken=[*scene.broken, *scene.budget.broken_by(findings, moves)],
        computer_load=scene.computer_load,
    )


def _since(scene: Scene, moment: float | None) -> float | None:
    return None if moment is None else moment - scene.fault_at
