"""What a load must be able to do for a stage: start, stop, and prove what its users lived through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from drills.framework.checker import Findings
from drills.framework.history import History

if TYPE_CHECKING:
    from drills.framework.hospital import Hospital


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked.

    rate: requests per second of all clients together
    phones: how many clients (of HTTP half hold their connections, half reconnect for each request)
    lead_s: undisturbed load before a fault, to show what normal looked like
    deadline_s: when a request is given up; attempt_s: when a try is given up; pause_s: between tries
    """

    rate: float = 50.0
    phones: int = 10
    lead_s: float = 2.0
    deadline_s: float = 5.0
    attempt_s: float = 1.0
    pause_s: float = 0.2


@dataclass(frozen=True, slots=True)
class Proof:
    """What a stopped load found, and the moments it could name, in seconds since the fault."""

    findings: Findings
    phases: Mapping[str, float | None] = field(default_factory=dict)


class Workload(Protocol):
    """One load, used once.

    last_answer_at: when the last right answer came, monotonic seconds; -inf before the first
    client_stall_s: the longest time this computer itself kept the load waiting; part of every measured gap
    """

    load: Load
    last_answer_at: float
    client_stall_s: float

    def start(self) -> None:
        """Begin; the history begins now."""

    async def stop(self) -> History:
        """Ask no more, wait for every open request to end, and return the complete history."""

    async def abandon(self) -> None:
        """Stop at once; the history is incomplete and must not be judged."""

    async def proof(self, struck_at: float) -> Proof:
        """Findings of the stopped load; gaps and phases count from ``struck_at`` (monotonic seconds)."""


Begin = Callable[[], Workload]
"""A new load for the next scene of a run."""

Kind = Callable[["Hospital", "Load | None"], AbstractAsyncContextManager[Begin]]
"""A kind of load: prepares the hospital for one run, gives its loads, and clears away what it made."""
