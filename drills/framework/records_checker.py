"""Judges what writers were told against what the database holds. Pure: same evidence, same findings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from drills.framework.checker import Findings, Gap, longest_gap
from drills.framework.history import History, Outcome


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledged write: told done at ``at``, sent at ``started_at`` (monotonic seconds).

    server, timeline: who acknowledged, by its own word: the instance's address and PostgreSQL's timeline
    """

    id: str
    started_at: float
    at: float
    server: str
    timeline: int


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What the present primary holds: how often each write is in the table and in the unconstrained copy."""

    writes: Mapping[str, int]
    copies: Mapping[str, int]
    timeline: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything one load recorded.

    acks: of this load; promised: every write acknowledged since the run began, this load's included
    doubtful: writes with a try whose end nobody knows; read_back: None when nobody answered afterwards
    """

    history: History
    acks: Sequence[Ack]
    promised: frozenset[str]
    doubtful: frozenset[str]
    stale_reads: int
    read_back: ReadBack | None
    unproved: str = ""


def split_brains(acks: Sequence[Ack]) -> list[tuple[Ack, Ack]]:
    """One example for each pair of reigns that cannot have followed one another.

    A reign is every acknowledgement of one address on one timeline. Each write became durable at an unknown
    moment between its sending and its acknowledgement; two reigns are in order when all those moments can be
    chosen so that one reign ends before the other begins. A newer timeline must come later.
    """
    reigns: dict[tuple[int, str], list[Ack]] = {}
    for ack in acks:
        reigns.setdefault((ack.timeline, ack.server), []).append(ack)
    found = []
    for (older, one), (newer, other) in combinations(sorted(reigns.items()), 2):
        clash = _out_of_order(one, other)
        if clash and older[0] == newer[0] and not _out_of_order(other, one):
            clash = None
        if clash:
            found.append(clash)
    return found


def _out_of_order(first: Sequence[Ack], second: Sequence[Ack]) -> tuple[Ack, Ack] | None:
    """An acknowledgement of ``first`` that was begun after one of ``second`` was done; None when in order."""
    late, early = max(first, key=lambda ack: ack.started_at), min(second, key=lambda ack: ack.at)
    return (late, early) if late.started_at > early.at else None


def client_gaps(history: History, since: float) -> list[Gap]:
    """Every writer's own longest gap, shortest first."""
    workers: dict[str, History] = {}
    for operation in history.operations:
        own = workers.setdefault(operation.worker, History(history.started_at, history.ended_at))
        own.operations.append(operation)
    return sorted((longest_gap(own, since) for own in workers.values()), key=lambda gap: gap.seconds)


def timelines(acks: Sequence[Ack], read_back: ReadBack | None) -> tuple[int, ...]:
    """Timelines in the order in which they first acknowledged, the one read back from last."""
    seen = [ack.timeline for ack in sorted(acks, key=lambda ack: ack.at)]
    return tuple(dict.fromkeys([*seen, *([read_back.timeline] if read_back else [])]))


def audit(evidence: Evidence, struck_at: float) -> Findings:
    """Findings of one load; gaps are measured from ``struck_at`` (monotonic seconds).

    An unacknowledged write is never lost, whether or not it is there: nobody was told. One that is there
    twice is duplicated, whoever was told what.
    """
    history, back = evidence.history, evidence.read_back
    acked = {ack.id for ack in evidence.acks}
    gaps = client_gaps(history, struck_at)
    shared = longest_gap(history, struck_at)
    given_up = {operation.id for operation in history.operations} - acked
    lost = duplicated = 0
    if back:
        lost = sum(not (back.writes.get(id_) and back.copies.get(id_)) for id_ in evidence.promised)
        often = Counter({id_: max(count, back.writes.get(id_, 0)) for id_, count in back.copies.items()})
        duplicated = sum(count - 1 for count in often.values() if count > 1)
        duplicated += sum(n - 1 for id_, n in back.writes.items() if n > 1 and id_ not in often)
    return Findings(
        gap=gaps[len(gaps) // 2] if gaps else shared,
        acked=len(acked),
        lost=lost,
        duplicated=duplicated,
        wrong=0,
        failed_attempts=sum(
            attempt.outcome is not Outcome.OK
            for operation in history.operations
            for attempt in operation.attempts
        ),
        noun="write",
        given_up=len(given_up),
        doubtful=len(given_up & evidence.doubtful),
        stale_reads=evidence.stale_reads,
        split_brains=len(split_brains(evidence.acks)),
        timelines=timelines(evidence.acks, back),
        client_gaps_s=tuple(gap.seconds for gap in gaps),
        shared_gap_s=shared.seconds,
        unproved=evidence.unproved,
    )
