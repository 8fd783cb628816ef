"""The decision: a pure state machine over what this machine sees, hears and reads.

It has no clock, no socket and no thread: every event carries the time at which it happened (seconds of this
machine's monotonic clock), `step` returns the next state and what to do, and whoever drives it does that.
So every interleaving of delays, losses, freezes and restarts can be tried without a network.

A Mac is dead when this machine has lost it and another machine, heard a moment ago, has lost it too; both
must have seen it alive themselves since they started. The standby is promoted only when one consistent read
of the cluster's records says that nothing acknowledged can be lost, and only if that read is still true when
the promotion arrives (optimistic locking): of two detectors that act at once, one is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from detector.events import (
    Action,
    Alive,
    Answer,
    Ask,
    Event,
    Outcome,
    Promote,
    Records,
    Report,
    Sight,
    Stamp,
    Tell,
    Tick,
    Timing,
)


class Phase(Enum):
    """How far the death of one Mac has been dealt with."""

    CALM = "calm"
    ASKING = "asking"
    PROMOTING = "promoting"
    SPENT = "spent"


@dataclass(frozen=True)
class Peer:
    """What this machine has itself seen of another since it started."""

    last: float | None = None
    since: float | None = None
    known: bool = False
    report: Report | None = None
    phase: Phase = Phase.CALM
    began: float = 0.0
    asked: float = 0.0
    question: int = -1


@dataclass(frozen=True)
class State:
    """Everything the decision depends on.

    life: a number no other run of this detector has had
    macs: the machines that may hold a database
    """

    me: str
    life: int
    macs: frozenset[str]
    peers: Mapping[str, Peer]
    timing: Timing = field(default_factory=Timing)
    enabled: bool = True
    ticked: float | None = None
    blind_until: float = 0.0
    questions: int = 0

    @classmethod
    def fresh(cls, me: str, life: int, machines: Iterable[str], macs: Iterable[str]) -> State:
        """A detector that has just started and has seen nothing."""
        return cls(me, life, frozenset(macs), {machine: Peer() for machine in machines if machine != me})

    def report(self, to: str, at: float) -> Report:
        """What this machine tells another, due every 0.1 s."""
        sights = {
            name: Sight(at - peer.last if peer.last is not None else float("inf"), peer.known)
            for name, peer in self.peers.items()
        }
        heard = self.peers[to].report
        return Report(at, self.me, sights, Stamp(self.life, at), heard.stamp if heard else None)

    def _is_fresh(self, report: Report | None, at: float) -> bool:
        """Whether it was said after something that this life of ours sent a moment ago."""
        if report is None or report.echo is None or report.echo.life != self.life:
            return False
        return at - report.echo.at <= self.timing.fresh

    def witness(self, machine: str, at: float) -> str | None:
        """Another machine that agrees, right now, that ``machine`` is dead; None while there is none."""
        timing, suspect = self.timing, self.peers[machine]
        if not suspect.known or suspect.last is None or at - suspect.last < timing.dead:
            return None
        for name, other in self.peers.items():
            if name == machine or other.report is None or not self._is_fresh(other.report, at):
                continue
            sight = other.report.sights.get(machine)
            if sight and sight.known and sight.silence >= timing.dead - timing.slack:
                return name
        return None

    def may_act(self, at: float) -> bool:
        """Whether this machine can trust its own clocks now: it neither stood still nor just woke."""
        awake = self.ticked is not None and at - self.ticked <= self.timing.stall
        return self.enabled and awake and at >= self.blind_until

    def _with(self, machine: str, peer: Peer) -> State:
        return replace(self, peers={**self.peers, machine: peer})


def step(state: State, event: Event) -> tuple[State, list[Action]]:
    """The next state, and what to do."""
    match event:
        case Alive(at, machine):
            return _alive(state, machine, at)
        case Report(at, machine):
            state, actions = _alive(state, machine, at)
            if machine in state.peers and _is_newer(event, state.peers[machine].report):
                state = state._with(machine, replace(state.peers[machine], report=event))
            return state, actions
        case Tick(at):
            return _tick(state, at)
        case Answer(at, question, records):
            return _answer(state, at, question, records)
        case Outcome(at, question, accepted):
            return _outcome(state, at, question, accepted)


def _is_newer(report: Report, known: Report | None) -> bool:
    """Heartbeats may overtake each other; those of another life replace what was known."""
    return known is None or report.stamp.life != known.stamp.life or report.stamp.at > known.stamp.at


def _alive(state: State, machine: str, at: float) -> tuple[State, list[Action]]:
    peer = state.peers.get(machine)
    if peer is None:
        return state, []
    returned = peer.last is None or peer.since is None or at - peer.last > state.timing.dead
    since = at if returned or peer.since is None else peer.since
    peer = replace(peer, last=at, since=since, known=peer.known or at - since >= state.timing.trust)
    if peer.phase is Phase.SPENT and at - since >= state.timing.trust:
        return state._with(machine, replace(peer, phase=Phase.CALM)), [Tell(f"{machine}: back for good")]
    return state._with(machine, peer), []


def _tick(state: State, at: float) -> tuple[State, list[Action]]:
    if state.ticked is not None and at - state.ticked > state.timing.stall:
        return _wake(state, at, at - state.ticked)
    state = replace(state, ticked=at)
    actions: list[Action] = []
    if not state.may_act(at):
        return state, actions
    for machine in sorted(state.macs & set(state.peers)):
        state, more = _consider(state, machine, at)
        actions += more
    return state, actions


def _wake(state: State, at: float, gap: float) -> tuple[State, list[Action]]:
    """This machine stood still: the silence it remembers is its own."""
    peers = {
        name: replace(
            peer,
            last=at if peer.last is not None else None,
            report=None,
            phase=Phase.SPENT if peer.phase is Phase.SPENT else Phase.CALM,
            question=-1,
        )
        for name, peer in state.peers.items()
    }
    state = replace(state, peers=peers, ticked=at, blind_until=at + state.timing.blind)
    return state, [Tell(f"stood still for {gap:.1f} s: clocks restarted")]


def _consider(state: State, machine: str, at: float) -> tuple[State, list[Action]]:
    peer, timing = state.peers[machine], state.timing
    if peer.phase is Phase.SPENT or (peer.phase is Phase.PROMOTING and at - peer.asked <= timing.answer):
        return state, []
    witness = state.witness(machine, at)
    if witness is None:
        calm = state._with(machine, replace(peer, phase=Phase.CALM, question=-1))
        return calm, [] if peer.phase is Phase.CALM else [Tell(f"{machine}: stood down")]
    if peer.phase is Phase.CALM:
        state, ask = _ask(state, machine, at, began=at)
        return state, [Tell(f"{machine}: lost, and {witness} lost it too"), ask]
    if at - peer.began > timing.give_up:
        return _spend(state, machine, "gave up")
    if at - peer.asked > timing.answer:
        state, ask = _ask(state, machine, at, began=peer.began)
        return state, [ask]
    return state, []


def _ask(state: State, machine: str, at: float, began: float) -> tuple[State, Ask]:
    question = state.questions
    peer = replace(state.peers[machine], phase=Phase.ASKING, began=began, asked=at, question=question)
    return replace(state._with(machine, peer), questions=question + 1), Ask(question)


def _spend(state: State, machine: str, why: str) -> tuple[State, list[Action]]:
    peer = replace(state.peers[machine], phase=Phase.SPENT, question=-1)
    return state._with(machine, peer), [Tell(f"{machine}: {why}")]


def _of(state: State, question: int, phase: Phase) -> str | None:
    """The machine about which this question was asked, if its answer still matters."""
    return next((n for n, p in state.peers.items() if p.question == question and p.phase is phase), None)


def _answer(state: State, at: float, question: int, records: Records | None) -> tuple[State, list[Action]]:
    machine = _of(state, question, Phase.ASKING)
    if machine is None or records is None or not state.may_act(at) or state.witness(machine, at) is None:
        return state, []
    if records.placed.get(records.primary) != machine or records.target != records.primary:
        return _spend(state, machine, f"primary is {records.primary}, target {records.target}: nothing to do")
    standby = candidate(records, machine)
    if standby is None:
        # Asked again after `answer`: an instance may become ready while the Mac stays dead.
        return state, [Tell(f"{machine}: no standby that certainly has every acknowledged write")]
    peer = replace(state.peers[machine], phase=Phase.PROMOTING, asked=at)
    promote = Promote(question, standby, records.primary, machine, records.version)
    return state._with(machine, peer), [Tell(f"{machine}: promoting {standby}"), promote]


def candidate(records: Records, dead: str) -> str | None:
    """The instance to promote, if some living one is certain to hold every acknowledged write: R + W > N."""
    quorum = records.quorum
    if quorum is None or quorum.primary != records.primary:
        return None
    standbys = quorum.standbys - {records.primary}
    living = {name for name in records.ready & standbys if records.placed.get(name, dead) != dead}
    if not living or len(living) + quorum.number <= len(standbys):
        return None
    # With more than one, who is most advanced is CloudNativePG's question, not ours.
    return min(living) if len(living) == 1 else None


def _outcome(state: State, at: float, question: int, accepted: bool | None) -> tuple[State, list[Action]]:
    machine = _of(state, question, Phase.PROMOTING)
    if machine is None:
        return state, []
    if accepted:
        return _spend(state, machine, "promotion accepted")
    # Refused or unknown: somebody was faster, or the records moved. Read again before anything else.
    state, ask = _ask(state, machine, at, began=state.peers[machine].began)
    return state, [
        Tell(f"{machine}: promotion {'unknown' if accepted is None else 'refused'}, reading again"),
        ask,
    ]
