"""Who holds the floating address, and when.

Each machine's own routing table is read, in this process and many times a second: no command is started, so
watching disturbs nothing of what is watched.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

PERIOD_S = 0.05

Probe = Callable[[], bool]
"""True while one machine is alive and holds the address."""


@dataclass(frozen=True, slots=True)
class Holding:
    """From ``at`` (monotonic seconds) on, these machines held the address: none, one, or too many."""

    at: float
    machines: frozenset[str]


class Observer:
    """Records every change of the address's holders between ``start`` and ``stop``."""

    def __init__(self, probes: Mapping[str, Probe], period_s: float = PERIOD_S) -> None:
        self.holdings: list[Holding] = []
        self._probes = probes
        self._period_s = period_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look once now, then keep looking."""
        self._look()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> list[Holding]:
        """Stop looking; returns the changes in order."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        return self.holdings

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            self._look()

    def _look(self) -> None:
        machines = frozenset(name for name, probe in self._probes.items() if probe())
        if not self.holdings or self.holdings[-1].machines != machines:
            self.holdings.append(Holding(monotonic(), machines))


def first_move(holdings: list[Holding], since: float) -> float | None:
    """When, after ``since``, the address first came to a machine without it; None when it never did."""
    before = [holding.machines for holding in holdings if holding.at <= since]
    previous = before[-1] if before else frozenset()
    for holding in holdings:
        if holding.at > since and holding.machines - previous:
            return holding.at
    return None


def count_moves(holdings: list[Holding], since: float) -> int:
    """How often, after ``since``, the address came to a machine other than its last holder."""
    moves = 0
    keeper: frozenset[str] = frozenset()
    for holding in holdings:
        if keeper and holding.machines - keeper and holding.at > since:
            moves += 1
        keeper = holding.machines or keeper
    return moves
