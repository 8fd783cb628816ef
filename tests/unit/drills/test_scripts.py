"""The scripts strike where they say they strike: told to a stage that only writes down what happens."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from drills import cpu_stress, http_failover
from drills.framework.faults import LOOPS_PER_CORE, BusyProcessors
from drills.framework.stage import Stage
from drills.framework.verdict import Budget
from lab import cgroups

pytestmark = pytest.mark.asyncio


@dataclass
class PaperMachine:
    """A machine that is a name, a power switch and a list of commands."""

    name: str
    said: list[str]
    on: bool = True

    def kill(self) -> None:
        self.on = False
        self.said.append(f"{self.name}: power cut")

    def start(self) -> None:
        self.on = True
        self.said.append(f"{self.name}: power on")

    def is_running(self) -> bool:
        return self.on

    def run(self, argv: Sequence[str]) -> None:
        self.said.append(f"{self.name}: {' '.join(argv)}")


@dataclass
class PaperStage:
    """Writes down every scene and what it does; the address follows whoever is still standing."""

    said: list[str] = field(default_factory=list)
    budgets: dict[str, Budget | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.machines = [PaperMachine("mac-a", self.said), PaperMachine("mac-b", self.said)]
        self.holders = iter([self.machines[0], *[self.machines[1]] * 5])
        self.hospital = SimpleNamespace(holder=lambda: next(self.holders), bring_address_to_a_mac=self.bring)

    async def bring(self) -> PaperMachine:
        return next(self.holders)

    @asynccontextmanager
    async def scene(self, fault: str, victim: str, budget: Budget | None = None) -> AsyncIterator[object]:
        self.budgets[f"{fault} on {victim}"] = budget

        async def strike(action: Callable[[], None]) -> None:
            action()

        async def wait(**_: float) -> None:
            return None

        yield SimpleNamespace(strike=strike, watch=wait, until_healthy=wait)


async def test_http_failover_strikes_the_holder_each_time_and_undoes_what_it_did() -> None:
    stage = PaperStage()
    await http_failover.http_failover(cast(Stage, stage))
    assert stage.said == [
        "mac-a: power cut",
        "mac-a: power on",
        "mac-b: systemctl kill --signal=KILL haproxy.service",
        "mac-b: systemctl kill --signal=KILL keepalived.service",
        "mac-b: systemctl stop haproxy.service",
        "mac-b: systemctl start haproxy.service",
    ]


async def test_a_return_may_neither_interrupt_nor_move_the_address() -> None:
    stage = PaperStage()
    await http_failover.http_failover(cast(Stage, stage))
    returns = [stage.budgets["power-return on mac-a"], stage.budgets["haproxy-started on mac-b"]]
    assert [(budget.rto_s, budget.address_moves) for budget in returns if budget] == [(1.0, 0), (1.0, 0)]


async def test_cpu_stress_keeps_every_core_busy_and_then_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_stress, "SECONDS", 0.1)
    stage = PaperStage()
    await cpu_stress.cpu_stress_no_flap(cast(Stage, stage))
    assert list(stage.budgets) == ["cpu-stress on mac-a"]


async def test_busy_processors_end_with_their_block() -> None:
    with BusyProcessors(30) as processors:
        processors.start()
        assert [loop.poll() for loop in processors.loops] == [None] * (LOOPS_PER_CORE * (os.cpu_count() or 1))
    assert all(loop.returncode is not None for loop in processors.loops)


PHONES_THEN_BUSY = """
from pathlib import Path
from drills.framework.faults import BusyProcessors
from lab import cgroups
played = cgroups.play_phones("test-busy")
before = Path("/proc/self/cgroup").read_text()
with BusyProcessors(30) as processors:
    processors.start()
    # A shell leaves, and becomes the loop.
    while any(Path(f"/proc/{one.pid}/cmdline").read_text().startswith("sh") for one in processors.loops):
        pass
    groups = {Path(f"/proc/{loop.pid}/cgroup").read_text() for loop in processors.loops}
print(played, "phones" in before, any("phones" in group for group in groups))
"""


async def test_busy_processors_have_no_share_of_the_phones() -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-c", PHONES_THEN_BUSY], capture_output=True, text=True, timeout=30, check=True
        )
    finally:
        cgroups.destroy(cgroups.existing("test-busy"))
    assert done.stdout in ("True True False\n", "False False False\n")  # the latter where nobody may


async def test_busy_processors_end_by_themselves() -> None:
    processors = BusyProcessors(1)
    processors.start()
    assert [loop.wait(timeout=5) for loop in processors.loops] == [0] * (
        LOOPS_PER_CORE * (os.cpu_count() or 1)
    )
