"""Reads a history and says what was lost. Pure: the same history always gives the same findings."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from drills.framework.history import History, Outcome


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without a single right answer, in monotonic seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long nobody was answered."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Findings:
    """What the users lived through.

    gap: the longest time between two right answers since the fault; of writers, the median writer's
    acked: requests answered rightly
    lost: requests with no right answer within their deadline; of writes, acknowledged and not there
    duplicated: answers beyond the first for the same request; of writes, copies beyond the first
    wrong: requests answered with something else
    failed_attempts: tries that ended without an answer, retried or not

    Of the records' load alone:
    given_up: writes never acknowledged; doubtful: those of them that may have been done, and count as neither
    stale_reads: reads that did not find what was acknowledged before they began
    split_brains: pairs of instances that acknowledged writes by turns
    timelines: PostgreSQL's, of the acknowledging instances in order
    client_gaps_s: every writer's own gap, shortest first; shared_gap_s: without any writer's acknowledgement
    unproved: why the rows could not be read back, empty when they were
    """

    gap: Gap
    acked: int
    lost: int
    duplicated: int
    wrong: int
    failed_attempts: int
    noun: str = "request"
    given_up: int = 0
    doubtful: int = 0
    stale_reads: int = 0
    split_brains: int = 0
    timelines: tuple[int, ...] = ()
    client_gaps_s: tuple[float, ...] = ()
    shared_gap_s: float | None = None
    unproved: str = ""

    @property
    def rto_s(self) -> float:
        """Recovery time: the longest gap, in seconds."""
        return self.gap.seconds


def longest_gap(history: History, since: float) -> Gap:
    """The longest time between two right answers, of the gaps that end after ``since``.

    A gap that the fault interrupts counts from the last right answer before it, and silence at the end counts
    until the history ends: a hospital that never came back has the worst gap, not the best.
    """
    answers = sorted(operation.completed_at for operation in history.with_outcome(Outcome.OK))
    edges = [history.started_at, *answers, max(history.ended_at, *answers, since)]
    gaps = (Gap(start, end) for start, end in pairwise(edges) if end >= since)
    return max(gaps, key=lambda gap: gap.seconds)


def first_answer(history: History, since: float) -> float | None:
    """When the first right answer came to a try made after ``since``; None when none ever did."""
    answered = (
        attempt.ended_at
        for operation in history.operations
        for attempt in operation.attempts
        if attempt.outcome is Outcome.OK and attempt.started_at >= since
    )
    return min(answered, default=None)


def check(history: History, fault_at: float) -> Findings:
    """Findings of ``history``; the gap is measured from ``fault_at``, the counts cover the whole history."""
    acknowledged = Counter(operation.id for operation in history.with_outcome(Outcome.OK))
    wrong = {operation.id for operation in history.with_outcome(Outcome.WRONG)}
    asked = {operation.id for operation in history.operations}
    return Findings(
        gap=longest_gap(history, fault_at),
        acked=len(acknowledged),
        lost=len(asked - acknowledged.keys()),
        duplicated=sum(acknowledged.values()) - len(acknowledged),
        wrong=len(wrong),
        failed_attempts=sum(
            attempt.outcome is Outcome.FAILED
            for operation in history.operations
            for attempt in operation.attempts
        ),
    )
