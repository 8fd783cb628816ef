"""Every state that the detector of the primary's Mac can get into about coupling, in whole seconds.

mac-a watches mac-b, and the witness speaks. In each second mac-b is heard or not and says whether it hears
mac-a, the witness says one of a few things or nothing, the API server answers or not, and at any time this
process may stand still. What must hold is checked against a truth that is kept apart from the state; and from
every state a lasting cut ends in uncoupled records, a lasting sight in coupled ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

from detector.decision import step
from detector.events import (
    Action,
    Answer,
    Ask,
    Couple,
    Event,
    Outcome,
    Quorum,
    Records,
    Report,
    Sight,
    Stamp,
    Tick,
    Timing,
    Uncouple,
)
from detector.state import Coupling, Peer, Phase, State

TIMING = Timing(dead=1, slack=0, fresh=1, stall=1, blind=1, trust=2, answer=1, retry=1, give_up=2, flap=1)
LONG = 3
"""Seconds after which nothing depends on how long it is any more."""
PLACED = {"records-1": "mac-a", "records-2": "mac-b"}
BOTH = frozenset(PLACED)
GOOD = Records(
    "7", "records-1", "records-1", PLACED, BOTH, BOTH, Quorum("records-1", frozenset({"records-2"}), 1)
)
OURS = replace(GOOD, limit=0, ours=True)
ALIVE, LOST, OLD = "hears the other", "does not", "old"
_ORDER = count()


@dataclass(frozen=True)
class Truth:
    """Seconds since mac-b was heard, of its present sight, since it said that it hears us, and since the
    witness said that it hears mac-b, if that was its last word; whether the records are uncoupled."""

    silent: int = LONG
    sight: int = 0
    mutual: int = 2
    word: int = 2
    awake: int = 0
    ours: bool = False


@dataclass(frozen=True)
class Node:
    """The detector, the truth, and what the API server was asked and has not answered."""

    state: State
    truth: Truth
    asked: Ask | Uncouple | Couple | None = None

    def key(self) -> tuple[object, ...]:
        """What makes two nodes the same: the time now is second 0, long ago is long ago."""
        state, mine, truth = self.state, self.state.coupling, self.truth
        other, idle = state.peers["mac-b"], mine.phase is Phase.CALM
        reports = [peer.report for peer in state.peers.values()]
        since = other.since if other.since is not None else float("inf")
        return (
            tuple(None if at is None else max(at, -LONG) for at in (other.last, other.since, state.started)),
            str([(r.sights, r.echo) if r and state.believes(r, 0) else None for r in reports]),
            max(state.blind_until, 0),
            truth if truth.silent <= TIMING.dead else replace(truth, sight=0),
            mine.phase,
            None if idle else (max(mine.began, -LONG), max(mine.asked, -2), type(mine.change)),
            max(mine.rest, 0),
            max(mine.doubt, 0),
            (mine.parted > float("-inf"), mine.parted < mine.doubt, mine.joined < max(mine.doubt, since)),
            mine.joined < mine.doubt,
            type(self.asked) if self.asked and self.asked.question == mine.question else None,
        )


def shifted(node: Node, seconds: int) -> Node:
    """The same ``seconds`` later, counted from then; of what is long ago only the order stays."""
    state, truth, mine = node.state, node.truth, node.state.coupling
    other, witness = state.peers["mac-b"], state.peers["witness"]
    moments = {other.last, other.since, mine.parted, mine.joined, mine.doubt, mine.asked, mine.began}
    moments |= {state.started, mine.rest}
    later = {at: at - seconds for at in moments if at is not None}
    old = sorted({at for at in later.values() if float("-inf") < at < -LONG}, reverse=True)
    rank = {at: -LONG - 1.0 - place for place, at in enumerate(old)}

    def ago(at: float | None) -> float | None:
        return None if at is None else rank.get(later[at], later[at])

    def always(at: float) -> float:
        return ago(at) or 0.0

    def said(peer: Peer) -> Report | None:
        report = peer.report
        if report is None or report.echo is None:
            return report
        return replace(report, at=0, echo=replace(report.echo, at=max(report.echo.at - seconds, -LONG)))

    coupling = Coupling(
        mine.phase, always(mine.began), always(mine.asked), always(mine.rest), mine.question,
        always(mine.parted), always(mine.joined), always(mine.doubt), mine.change,
    )  # fmt: skip
    state = replace(
        state,
        coupling=coupling,
        started=ago(state.started),
        ticked=None if state.ticked is None else max(state.ticked - seconds, -LONG),
        blind_until=max(state.blind_until - seconds, -1.0),
        peers={
            "mac-b": replace(
                other, last=ago(other.last), since=ago(other.since), known=False, report=said(other)
            ),
            "witness": replace(witness, last=0.0, since=-9.0, known=True, report=said(witness)),
        },
    )
    truth = replace(
        truth,
        silent=min(truth.silent + seconds, LONG),
        mutual=min(truth.mutual + seconds, 2),
        word=min(truth.word + seconds, 2),
        awake=min(truth.awake + seconds, 2),
    )
    return replace(node, state=state, truth=truth)


def says(machine: str, what: str) -> Report:
    """A heartbeat now."""
    about = "mac-a" if machine == "mac-b" else "mac-b"
    # Nobody ever knew it: a death is another matter.
    sight = Sight(4 if what == LOST else 0, known=False)
    return Report(0, machine, {about: sight}, Stamp(7, next(_ORDER)), Stamp(2, -2.0 if what == OLD else 0.0))


def check(actions: list[Action], truth: Truth, answered: Records | None) -> None:
    """What must hold whenever this detector changes anything."""
    for action in actions:
        if isinstance(action, Uncouple):
            assert truth.silent >= TIMING.apart, "it heard mac-b a moment ago"
            assert truth.word <= TIMING.fresh, "the witness does not say that it hears mac-b"
            assert answered == GOOD
        if isinstance(action, Couple):
            assert truth.silent <= TIMING.dead, "mac-b is not heard"
            assert truth.sight + truth.silent >= TIMING.trust, "mac-b has not been heard for long"
            assert truth.mutual <= TIMING.fresh, "mac-b does not say that it hears us"
            assert answered == OURS
        if isinstance(action, Uncouple | Couple):
            assert truth.awake >= TIMING.blind, "it just woke"


def take(node: Node, event: Event, answered: Records | None = None) -> Node:
    """One event; the invariants are checked on the way."""
    state, actions = step(node.state, event)
    check(actions, node.truth, answered)
    asks = [action for action in actions if isinstance(action, Ask | Uncouple | Couple)]
    assert len(asks) <= 1
    return replace(node, state=state, asked=asks[0] if asks else node.asked)


def hear(node: Node, what: str) -> Node:
    """mac-b is heard."""
    truth = node.truth
    sight = min(truth.sight + truth.silent, LONG) if truth.silent <= TIMING.dead else 0
    mutual = 0 if what == ALIVE else 2
    return take(
        replace(node, truth=replace(truth, silent=0, sight=sight, mutual=mutual)), says("mac-b", what)
    )


def listen(node: Node, what: str) -> Node:
    """The witness is heard."""
    word = {ALIVE: 0, LOST: 2, OLD: 2}[what]
    return take(replace(node, truth=replace(node.truth, word=word)), says("witness", what))


def replies(node: Node) -> Iterator[Node]:
    """What the API server may say to what it was asked, or to nothing."""
    yield node
    asked, silent = node.asked, replace(node, asked=None)
    if isinstance(asked, Ask):
        true = OURS if node.truth.ours else GOOD
        elsewhere = replace(true, primary="records-2", target="records-2")
        others = () if node.truth.ours else (elsewhere, replace(GOOD, limit=1))
        for records in (true, None, replace(true, planned=True), *others):
            yield take(silent, Answer(0, asked.question, records), records)
    elif asked is not None:
        made = replace(silent, truth=replace(node.truth, ours=isinstance(asked, Uncouple)))
        yield take(made, Outcome(0, asked.question, True))
        yield take(made, Outcome(0, asked.question, None))
        yield take(silent, Outcome(0, asked.question, None))
        yield take(silent, Outcome(0, asked.question, False))


def seconds_later(node: Node) -> Iterator[Node]:
    """Everything that the next second may bring."""
    for heard in (None, ALIVE, LOST):
        for word in (None, ALIVE, LOST, OLD):
            after = shifted(node, 1)
            after = hear(after, heard) if heard else after
            after = listen(after, word) if word else after
            for replied in replies(after):
                yield take(replied, Tick(0))
    asleep = shifted(node, 3)
    for replied in replies(asleep):
        # It counts as having heard everybody just now: its silence was its own.
        truth = replied.truth
        woken = 0 if replied.state.peers["mac-b"].last is not None else truth.silent
        woke = replace(truth, awake=0, silent=woken, sight=0, mutual=2, word=2)
        yield take(replace(replied, truth=woke), Tick(0))


def lasts(node: Node, *, cut: bool) -> None:
    """From here on nothing changes any more, and the API server answers: the records end as they should."""
    for _ in range(14):
        node = shifted(node, 1)
        node = node if cut else hear(node, ALIVE)
        node = listen(node, ALIVE)
        while node.asked is not None:
            asked, node = node.asked, replace(node, asked=None)
            if isinstance(asked, Ask):
                records = OURS if node.truth.ours else GOOD
                node = take(node, Answer(0, asked.question, records), records)
            else:
                node = replace(node, truth=replace(node.truth, ours=isinstance(asked, Uncouple)))
                node = take(node, Outcome(0, asked.question, True))
        node = take(node, Tick(0))
    assert node.truth.ours == cut, "writes still wait" if cut else "nobody would be promoted any more"


def test_in_every_reachable_state_a_change_has_its_reasons_and_the_records_end_as_they_should() -> None:
    fresh = State.fresh("mac-a", 2, ("mac-a", "mac-b", "witness"), ("mac-a", "mac-b"), TIMING)
    waiting = deque(Node(fresh, Truth(ours=ours)) for ours in (False, True))
    seen = {node.key() for node in waiting}
    edges = 0
    while waiting:
        node = waiting.popleft()
        for after in seconds_later(node):
            edges += 1
            if (key := after.key()) not in seen:
                seen.add(key)
                waiting.append(after)
                for cut in (True, False):
                    lasts(after, cut=cut)
    assert edges > 100_000
