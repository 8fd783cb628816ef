"""What the clinicians' phones lived through, request by request: the only evidence a verdict may use.

All times are seconds of the monotonic clock (``time.monotonic()``), so that no clock step can bend a result.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How an attempt or a whole request ended."""

    OK = "ok"  # the right answer
    FAILED = "failed"  # no answer, or an honest error such as 503
    WRONG = "wrong"  # an answer that says 200 and is not the answer to the question


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try on one connection.

    machine, edge: who answered and through whose HAProxy (empty when nobody did)
    error: one short word or two for people, empty when the outcome is OK
    """

    started_at: float
    ended_at: float
    outcome: Outcome
    machine: str = ""
    edge: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request as its user sees it: asked once, retried by the phone until its deadline.

    invoked_at: when the user asked, by the load's schedule (not when the phone got round to sending)
    completed_at: when the last attempt ended
    id: the unique value that the answer must repeat
    """

    id: str
    worker: str
    invoked_at: float
    completed_at: float
    outcome: Outcome
    attempts: tuple[Attempt, ...] = ()

    @property
    def machine(self) -> str:
        """The machine that gave the last answer, empty when none did."""
        return self.attempts[-1].machine if self.attempts else ""

    @property
    def edge(self) -> str:
        """The edge through which the last answer came, empty when none did."""
        return self.attempts[-1].edge if self.attempts else ""


@dataclass(slots=True)
class History:
    """Every operation between ``started_at`` and ``ended_at``; complete only after the load has stopped."""

    started_at: float
    ended_at: float
    operations: list[Operation] = field(default_factory=list)

    def with_outcome(self, outcome: Outcome) -> Iterable[Operation]:
        """The operations that ended in ``outcome``, in the order they were recorded."""
        return (operation for operation in self.operations if operation.outcome is outcome)
