"""The decision: a pure state machine over what this machine sees, hears and reads.

It has no clock, no socket and no thread: every event carries the time at which it happened (seconds of this
machine's monotonic clock), `step` returns the next state and what to do, and whoever drives it does that.
So every interleaving of delays, losses, freezes and restarts can be tried without a network.

A Mac is dead when this machine has lost it and another machine, heard a moment ago, has lost it too; both
must have seen it alive themselves since they started. Then, after a read of the cluster's records:

- If the primary was there, the standby is promoted, provided that nothing acknowledged can be lost and that
  nobody is moving the primary already; only if the read is still true when the promotion arrives (optimistic
  locking): of two detectors that act at once, one is refused. What the dead primary leaves behind is then
  cleared away: its lease, which the new primary would wait for, and its pod's being called ready.
- If only a standby was there, it is counted out, so that the primary does not wait for its acknowledgement.

When nobody is dead and only the link between the Macs is cut, ``coupling`` decides.
"""

from __future__ import annotations

from dataclasses import replace

from detector import coupling
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
    Records,
    Relieve,
    Report,
    Tell,
    Tick,
    Vouched,
)
from detector.state import Peer, Phase, State

_WAITING = {Phase.CHANGING, Phase.BURYING}


def step(state: State, event: Event) -> tuple[State, list[Action]]:
    """The next state, and what to do."""
    match event:
        case Alive(at, machine):
            return _alive(state, machine, at)
        case Report(at, machine):
            state, actions = _alive(state, machine, at)
            if machine in state.peers and _is_newer(event, state.peers[machine].report):
                state = state.with_peer(machine, replace(state.peers[machine], report=event))
            return state, actions
        case Vouched(at, version):
            seen = state.vouched
            return replace(state, vouched=seen if seen and seen[0] == version else (version, at)), []
        case Tick(at):
            return _tick(state, at)
        case Answer() | Outcome():
            return _told(state, event)


def _told(state: State, event: Answer | Outcome) -> tuple[State, list[Action]]:
    """What became of a question of ours, or of a change."""
    if event.question == state.coupling.question:
        return coupling.told(state, event)
    if isinstance(event, Answer):
        return _answer(state, event.at, event.question, event.records)
    return _outcome(state, event.at, event.question, event.accepted)


def candidate(records: Records, dead: str) -> str | None:
    """The instance to promote, if some living one is certain to hold every acknowledged write: R + W > N."""
    quorum = records.quorum
    if quorum is None or quorum.primary != records.primary:
        return None
    standbys = quorum.standbys - {records.primary}
    promotable = records.ready & records.healthy & standbys
    living = {name for name in promotable if records.placed.get(name, dead) != dead}
    if not living or len(living) + quorum.number <= len(standbys):
        return None
    if records.limit is not None and records.limit < len(standbys):
        return None  # the primary may be about to read it, and to acknowledge alone
    # With more than one, who is most advanced is CloudNativePG's question, not ours.
    return min(living) if len(living) == 1 else None


# -- what this machine sees -----------------------------------------------------------------------------


def _is_newer(report: Report, known: Report | None) -> bool:
    """Heartbeats may overtake each other; those of another life replace what was known."""
    return known is None or report.stamp.life != known.stamp.life or report.stamp.at > known.stamp.at


def _alive(state: State, machine: str, at: float) -> tuple[State, list[Action]]:
    peer = state.peers.get(machine)
    if peer is None:
        return state, []
    returned = peer.last is None or peer.since is None or at - peer.last > state.timing.dead
    since = at if returned or peer.since is None else peer.since
    peer = replace(
        peer, last=at, since=since, assumed=False, known=peer.known or at - since >= state.timing.trust
    )
    if peer.phase is Phase.SPENT and at - since >= state.timing.trust:
        return state.with_peer(machine, _calmed(peer)), [Tell(f"{machine}: back for good")]
    return state.with_peer(machine, peer), []


def _calmed(peer: Peer) -> Peer:
    return replace(peer, phase=Phase.CALM, question=-1, change=None)


def _tick(state: State, at: float) -> tuple[State, list[Action]]:
    if state.ticked is not None and at - state.ticked > state.timing.stall:
        return _wake(state, at, at - state.ticked)
    state = replace(state, ticked=at, started=at if state.started is None else state.started)
    actions: list[Action] = []
    if not state.may_act(at):
        return state, actions
    for machine in sorted(state.macs & set(state.peers)):
        state, more = _consider(state, machine, at)
        actions += more
    state, more = coupling.consider(state, at)
    return state, actions + more


def _wake(state: State, at: float, gap: float) -> tuple[State, list[Action]]:
    """This machine stood still: the silence it remembers is its own, and so is the sight."""
    peers = {
        name: replace(
            peer if peer.phase is Phase.SPENT else _calmed(peer),
            last=at if peer.last is not None else None,
            since=at if peer.last is not None else None,
            assumed=True,
            report=None,
        )
        for name, peer in state.peers.items()
    }
    state = replace(coupling.forgotten(state), peers=peers, ticked=at, started=at)
    state = replace(state, blind_until=at + state.timing.blind)
    return state, [Tell(f"stood still for {gap:.1f} s: clocks restarted")]


# -- what it does about it ------------------------------------------------------------------------------


def _consider(state: State, machine: str, at: float) -> tuple[State, list[Action]]:
    peer, timing = state.peers[machine], state.timing
    if peer.phase is Phase.SPENT or (peer.phase in _WAITING and at - peer.asked <= timing.answer):
        return state, []
    witness = state.witness(machine, at)
    if witness is None:
        calm = state.with_peer(machine, _calmed(peer))
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
    return replace(state.with_peer(machine, peer), questions=question + 1), Ask(question)


def _spend(state: State, machine: str, why: str) -> tuple[State, list[Action]]:
    peer = replace(state.peers[machine], phase=Phase.SPENT, question=-1, change=None)
    return state.with_peer(machine, peer), [Tell(f"{machine}: {why}")]


def _of(state: State, question: int, *phases: Phase) -> str | None:
    """The machine about which this question was asked, if its answer still matters."""
    return next((n for n, p in state.peers.items() if p.question == question and p.phase in phases), None)


def _is_agreed(state: State, machine: str, at: float) -> bool:
    return state.may_act(at) and state.witness(machine, at) is not None


def _answer(state: State, at: float, question: int, records: Records | None) -> tuple[State, list[Action]]:
    machine = _of(state, question, Phase.ASKING)
    if machine is None or not _is_agreed(state, machine, at):
        return state, []
    if records is None:
        return _later(state, machine, at), []
    return _decide(state, machine, at, question, records)


def _decide(
    state: State, machine: str, at: float, question: int, records: Records
) -> tuple[State, list[Action]]:
    """The machine is dead, and these are the records."""
    lost = records.on(machine)
    if not lost:
        return _spend(state, machine, "no instance of the records was there: nothing to do")
    if records.planned:
        # Asked again after `answer`: it may end while the Mac stays dead.
        return state, [Tell(f"{machine}: somebody is moving the primary on purpose: left alone")]
    if records.target != records.primary:
        return _finish(state, machine, at, question, records)
    if records.primary not in lost:
        return _relieve(state, machine, at, question, records)
    return _promote(state, machine, at, question, records)


def _promote(
    state: State, machine: str, at: float, question: int, records: Records
) -> tuple[State, list[Action]]:
    """The primary was there."""
    lost, standby = records.on(machine), candidate(records, machine)
    if standby is None:
        # Asked again after `answer`: an instance may become ready while the Mac stays dead.
        return state, [Tell(f"{machine}: no standby that certainly has every acknowledged write")]
    if not _is_settled(state, machine, at, records):
        said = f"{standby} was counted on for too short a time, it may still have been catching up"
        return _spend(state, machine, f"{said}: left to CloudNativePG")
    living = records.without(lost)
    promote = Promote(question, standby, records.primary, machine, lost, living, records.version)
    return _send(state, machine, at, promote, f"{machine}: promoting {standby}")


def _is_settled(state: State, machine: str, at: float, records: Records) -> bool:
    """Whether the quorum was already an old one when the first of us lost the primary.

    CloudNativePG writes it as soon as it counts on a standby, while that one still catches up with what was
    acknowledged without it; and the standby may have been cut off in the middle of that.
    """
    if records.quorum is None:
        return False
    age = state.quorum_age(records.quorum.version, at)
    return age - state.longest_silence(machine, at) >= state.timing.trust


def _relieve(
    state: State, machine: str, at: float, question: int, records: Records
) -> tuple[State, list[Action]]:
    """Only a standby was there."""
    lost = records.on(machine)
    if not (records.ready | records.healthy) & set(lost):
        return _spend(state, machine, "already counted out")
    relieve = Relieve(question, machine, lost, records.without(lost), records.version)
    said = f"{machine}: {records.primary} shall not wait for {', '.join(lost)}"
    return _send(state, machine, at, relieve, said)


def _finish(
    state: State, machine: str, at: float, question: int, records: Records
) -> tuple[State, list[Action]]:
    """Somebody promoted already: perhaps this machine, without hearing that it was accepted."""
    lost = records.on(machine)
    under_way = records.primary in lost and records.placed.get(records.target, machine) != machine
    if not under_way:
        return _spend(state, machine, f"primary {records.primary}, target {records.target}: left alone")
    bury = Bury(question, machine, lost, records.primary)
    return _send(state, machine, at, bury, f"{machine}: {records.target} is being promoted, clearing its way")


def _send(state: State, machine: str, at: float, change: Change, said: str) -> tuple[State, list[Action]]:
    phase = Phase.BURYING if isinstance(change, Bury) else Phase.CHANGING
    peer = replace(state.peers[machine], phase=phase, asked=at, change=change)
    return state.with_peer(machine, peer), [Tell(said), change]


def _outcome(state: State, at: float, question: int, accepted: bool | None) -> tuple[State, list[Action]]:
    machine = _of(state, question, *_WAITING)
    if machine is None:
        return state, []
    change = state.peers[machine].change
    if accepted and isinstance(change, Bury):
        return _spend(state, machine, "dealt with")
    if accepted and not _is_agreed(state, machine, at):
        return _spend(state, machine, "accepted, but it is no longer certainly dead: nothing more is done")
    if accepted and isinstance(change, Promote | Relieve):
        holder = change.instead_of if isinstance(change, Promote) else None
        said = f"{machine}: accepted"
        return _send(state, machine, at, Bury(question, machine, change.lost, holder), said)
    if accepted is None:
        return _later(state, machine, at), [Tell(f"{machine}: outcome unknown, reading again")]
    # Refused: somebody was faster, or the records moved. Read again before anything else.
    state, ask = _ask(state, machine, at, began=state.peers[machine].began)
    return state, [Tell(f"{machine}: refused, reading again"), ask]


def _later(state: State, machine: str, at: float) -> State:
    """Ask anew after a short pause: an API server that fails at once is not to be besieged."""
    soon = at - state.timing.answer + state.timing.retry
    return state.with_peer(machine, replace(state.peers[machine], phase=Phase.ASKING, asked=soon))
