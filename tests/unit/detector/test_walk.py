"""Every state that one detector can get into, breadth first, in a world cut to whole seconds.

The witness watches mac-a, and mac-b speaks. In each second mac-a is heard or not, mac-b says one of a few
things or nothing, the API server answers or not, and at any time this process may stand still. What must hold
is checked against a truth that is kept apart from the state: what was really heard, and when.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from detector.decision import step
from detector.events import (
    Action,
    Alive,
    Answer,
    Ask,
    Bury,
    Change,
    Event,
    Outcome,
    Promote,
    Quorum,
    Records,
    Relieve,
    Report,
    Sight,
    Stamp,
    Tick,
    Timing,
)
from detector.state import Peer, Phase, State

TIMING = Timing(dead=2, slack=0, fresh=1, stall=1, blind=1, trust=2, answer=1, retry=1, give_up=3)
LONG = 5
"""Seconds after which nothing depends on how long it is any more."""
PLACED = {"records-1": "mac-a", "records-2": "mac-b"}
BOTH = frozenset(PLACED)
SEEN, CHANGED = "11", "12"
GOOD = Records(
    "7", "records-1", "records-1", PLACED, BOTH, BOTH, Quorum("records-1", frozenset({"records-2"}), 1, SEEN)
)
UNMOVED = (
    GOOD,
    replace(GOOD, quorum=None),
    replace(GOOD, quorum=Quorum("records-1", frozenset({"records-2"}), 1, CHANGED)),
    replace(GOOD, healthy=frozenset({"records-1"})),
    replace(GOOD, planned=True),
    None,
)
MOVED = (replace(GOOD, target="records-2"), replace(GOOD, primary="records-2", target="records-2"), None)
LOST, LOST_UNKNOWN, ALIVE, OLD, OTHER_LIFE = "lost", "lost, never known", "alive", "old", "another life"


@dataclass(frozen=True)
class Truth:
    """Seconds since mac-a was heard and of its present sight; what mac-b last said, and how old that was."""

    silent: int | None = None
    sight: int = 0
    known: bool = False
    word: str | None = None
    word_age: int = LONG
    awake: int = LONG  # seconds since this process last stood still
    moved: bool = False  # somebody was promoted


@dataclass(frozen=True)
class Node:
    """The detector, the truth, and what the API server was asked and has not answered."""

    state: State
    truth: Truth
    asked: Ask | Change | None = None

    def key(self) -> tuple[object, ...]:
        """What makes two nodes the same: the time now is second 0, long ago is long ago."""
        a, report = self.state.peers["mac-a"], self.state.peers["mac-b"].report
        said = (report.sights["mac-a"], report.echo) if report else None
        blind = max(self.state.blind_until, 0)
        change = type(a.change).__name__ if a.phase in (Phase.CHANGING, Phase.BURYING) else None
        asked = type(self.asked).__name__ if self.asked and self.asked.question == a.question else None
        return (
            a.last,
            a.since,
            a.known,
            a.phase,
            a.began,
            a.asked,
            change,
            said,
            blind,
            self.truth,
            asked,
        )


def shifted(node: Node, seconds: int) -> Node:
    """The same ``seconds`` later, counted from then."""

    def ago(at: float | None) -> float | None:
        return None if at is None else max(at - seconds, -LONG)

    def peer(one: Peer) -> Peer:
        report = one.report
        if report is not None and report.echo is not None:
            report = replace(report, at=0, echo=replace(report.echo, at=ago(report.echo.at) or 0.0))
        began = (ago(one.began) or 0.0) if one.phase not in (Phase.CALM, Phase.SPENT) else 0.0
        asked = (ago(one.asked) or 0.0) if one.phase not in (Phase.CALM, Phase.SPENT) else 0.0
        return replace(
            one,
            last=ago(one.last),
            since=ago(one.since),
            began=began,
            asked=asked,
            report=report,
        )

    truth = node.truth
    truth = replace(
        truth,
        silent=None if truth.silent is None else min(truth.silent + seconds, LONG),
        word_age=min(truth.word_age + seconds, LONG),
        awake=min(truth.awake + seconds, LONG),
    )
    state = replace(
        node.state,
        ticked=None if node.state.ticked is None else max(node.state.ticked - seconds, -LONG),
        blind_until=max(node.state.blind_until - seconds, -1.0),
        peers={name: peer(one) for name, one in node.state.peers.items()},
    )
    # mac-b has always been there: what matters here is only what it says.
    always = Peer(report=state.peers["mac-b"].report, last=-1.0, since=-LONG)
    state = state.with_peer("mac-b", always)
    return replace(node, state=state, truth=truth)


def hear_mac_a(truth: Truth) -> Truth:
    """A sign of life now."""
    unbroken = truth.silent is not None and truth.silent <= TIMING.dead
    sight = min(truth.sight + (truth.silent or 0), LONG) if unbroken else 0
    return replace(truth, silent=0, sight=sight, known=truth.known or sight >= TIMING.trust)


def says(what: str) -> Report:
    """A heartbeat of mac-b now."""
    sight = Sight(0 if what == ALIVE else 4, known=what != LOST_UNKNOWN)
    echo = Stamp(1 if what == OTHER_LIFE else 2, -2.0 if what == OLD else 0.0)
    return Report(0, "mac-b", {"mac-a": sight}, Stamp(7, next(_ORDER)), echo)


_ORDER = iter(range(10**9))


def check(actions: list[Action], truth: Truth, answered: Records | None) -> None:
    """What must hold whenever this detector changes anything."""
    for action in actions:
        if not isinstance(action, Promote | Relieve | Bury):
            continue
        assert truth.known, "it never knew mac-a"
        assert truth.silent is not None
        assert truth.silent >= TIMING.dead, "it heard mac-a a moment ago"
        assert truth.word == LOST, f"mac-b last said {truth.word}"
        assert truth.word_age <= TIMING.fresh, "mac-b's words are old"
        assert truth.awake >= TIMING.blind, "it just woke"
        if isinstance(action, Promote):
            assert answered == GOOD
            assert not truth.moved
        if isinstance(action, Bury):
            assert truth.moved or action.holder is None
        if isinstance(action, Relieve):
            assert answered is not None
            assert answered.primary == "records-2"


def take(node: Node, event: Event, answered: Records | None = None) -> Node:
    """One event; the invariants are checked on the way."""
    state, actions = step(node.state, event)
    check(actions, node.truth, answered)
    asks = [action for action in actions if isinstance(action, Ask | Promote | Relieve | Bury)]
    assert len(asks) <= 1
    return replace(node, state=state, asked=asks[0] if asks else node.asked)


def replies(node: Node) -> Iterator[Node]:
    """What the API server may say to what it was asked, or to nothing."""
    yield node
    asked = node.asked
    if asked is None:
        return
    silent = replace(node, asked=None)
    if isinstance(asked, Ask):
        for records in MOVED if node.truth.moved else UNMOVED:
            yield take(silent, Answer(0, asked.question, records), records)
        return
    if isinstance(asked, Promote) and node.truth.moved:
        yield take(silent, Outcome(0, asked.question, False))
        return
    done = replace(node.truth, moved=node.truth.moved or isinstance(asked, Promote))
    yield take(replace(silent, truth=done), Outcome(0, asked.question, True))
    yield take(replace(silent, truth=done), Outcome(0, asked.question, None))
    yield take(silent, Outcome(0, asked.question, None))


def seconds_later(node: Node) -> Iterator[Node]:
    """Everything that the next second may bring."""
    for heard in (False, True):
        for word in (None, LOST, LOST_UNKNOWN, ALIVE, OLD, OTHER_LIFE):
            after = shifted(node, 1)
            if heard:
                after = take(replace(after, truth=hear_mac_a(after.truth)), Alive(0, "mac-a"))
            if word:
                age = {OLD: 2, OTHER_LIFE: LONG}.get(word, 0)
                told = replace(after.truth, word=word, word_age=age)
                after = take(replace(after, truth=told), says(word))
            for replied in replies(after):
                yield take(replied, Tick(0))
    if not node.truth.moved:  # somebody else was faster
        yield replace(node, truth=replace(node.truth, moved=True))
    for hears_first in (False, True):
        after = shifted(node, 3)
        asleep = replace(after.truth, awake=0, word=None, word_age=LONG)
        if hears_first:
            after = take(replace(after, truth=replace(asleep, awake=LONG)), says(LOST))
        for replied in replies(replace(after, truth=asleep)):
            # It counts as having heard everybody just now: its silence was its own.
            woken = None if replied.truth.silent is None else 0
            yield take(replace(replied, truth=replace(replied.truth, silent=woken, sight=0)), Tick(0))


def test_in_every_reachable_state_a_change_has_its_reasons_and_a_death_is_dealt_with() -> None:
    fresh = State.fresh("witness", 2, ("mac-a", "mac-b", "witness"), ("mac-a",), TIMING)
    first = Node(replace(fresh, vouched=(SEEN, -100.0)), Truth())  # how old it must be: see test_decision
    seen = {first.key()}
    waiting = deque([first])
    edges, dealt_with = 0, 0
    while waiting:
        node = waiting.popleft()
        for after in seconds_later(node):
            edges += 1
            key = after.key()
            if key not in seen:
                seen.add(key)
                waiting.append(after)
                dealt_with += dies_now(after)
    assert edges > 100_000
    assert dealt_with > 100


def dies_now(node: Node) -> bool:
    """mac-a falls silent, mac-b says so, the API server answers well: somebody is promoted within seconds."""
    expected = (
        node.truth.known and not node.truth.moved and node.state.peers["mac-a"].phase is not Phase.SPENT
    )
    if not expected:
        return False
    node = replace(node, asked=None)
    for _ in range(12):
        node = shifted(node, 1)
        node = take(replace(node, truth=replace(node.truth, word=LOST, word_age=0)), says(LOST))
        node = take(node, Tick(0))
        if isinstance(node.asked, Ask):
            node = take(replace(node, asked=None), Answer(0, node.asked.question, GOOD), GOOD)
            if isinstance(node.asked, Promote):
                return True
        if node.state.peers["mac-a"].phase is Phase.SPENT:
            return False  # this death was acted upon for long enough already
    raise AssertionError("a dead primary was never replaced")
