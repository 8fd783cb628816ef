"""What one detector knows, and what its decision asks of that: who is lost, who agrees, may I act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from detector.events import Change, Report, Sight, Stamp, Timing


class Phase(Enum):
    """How far the death of one Mac has been dealt with."""

    CALM = "calm"
    ASKING = "asking"
    CHANGING = "changing"  # a promotion, or a relief, is on its way
    BURYING = "burying"
    SPENT = "spent"


@dataclass(frozen=True)
class Peer:
    """What this machine has itself seen of another since it started, and what it does about it.

    last, since: the newest sign of life, and the beginning of the present sight
    known: it was once seen for long enough that its silence means something
    assumed: the newest sign is none: this machine stood still, woke, and started to count from there
    began, asked: when this death was first acted upon, and when something was last sent
    change: what was last asked of the API server
    """

    last: float | None = None
    since: float | None = None
    known: bool = False
    assumed: bool = False
    report: Report | None = None
    phase: Phase = Phase.CALM
    began: float = 0.0
    asked: float = 0.0
    question: int = -1
    change: Change | None = None


@dataclass(frozen=True)
class Coupling:
    """What this machine does about the primary's waiting for its standbys; see ``coupling.py``.

    began, asked: when the present reason to look came up, and when something was last sent
    rest: not to be asked again before
    parted, joined: when the records were last found, or made, uncoupled by a detector, and not so
    doubt: until then a change of ours whose outcome is unknown may still arrive
    change: what was sent and not answered
    """

    phase: Phase = Phase.CALM
    began: float = 0.0
    asked: float = 0.0
    rest: float = float("-inf")
    question: int = -1
    parted: float = float("-inf")
    joined: float = float("-inf")
    doubt: float = float("-inf")
    change: Change | None = None

    @property
    def uncoupled(self) -> bool | None:
        """Whether a detector had uncoupled the records when they were last seen from here; None if never."""
        if self.parted == self.joined == float("-inf"):
            return None
        return self.parted > self.joined


@dataclass(frozen=True)
class State:
    """Everything the decision depends on.

    life: a number no other run of this detector has had
    macs: the machines that may hold a database
    started: its first tick, or the one after it last stood still
    vouched: the quorum's version, and when this machine first read it
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
    started: float | None = None
    vouched: tuple[str, float] | None = None
    coupling: Coupling = field(default_factory=Coupling)

    @classmethod
    def fresh(
        cls, me: str, life: int, machines: Iterable[str], macs: Iterable[str], timing: Timing | None = None
    ) -> State:
        """A detector that has just started and has seen nothing."""
        peers = {machine: Peer() for machine in machines if machine != me}
        return cls(me, life, frozenset(macs), peers, timing or Timing())

    def report(self, to: str, at: float) -> Report:
        """What this machine tells another, due every 0.1 s; nothing of whom it has not heard since it woke,
        until that silence means something: nobody shall understand that it hears him."""
        sights = {
            name: Sight(at - peer.last if peer.last is not None else float("inf"), peer.known)
            for name, peer in self.peers.items()
            if not (peer.assumed and peer.last is not None and at - peer.last < self.timing.dead)
        }
        heard = self.peers[to].report
        return Report(at, self.me, sights, Stamp(self.life, at), heard.stamp if heard else None)

    def believes(self, report: Report | None, at: float) -> bool:
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
            if name == machine or other.report is None or not self.believes(other.report, at):
                continue
            sight = other.report.sights.get(machine)
            if sight and sight.known and sight.silence >= timing.dead - timing.slack:
                return name
        return None

    def cut_from(self, at: float) -> str | None:
        """Another Mac that this one has not heard for long, while a third machine hears both right now."""
        if self.me not in self.macs or self.started is None:
            return None
        for name in sorted(self.macs & set(self.peers)):
            last = self.peers[name].last
            since, long = (last, self.timing.apart) if last is not None else (self.started, self.timing.trust)
            third = [other for other in self.peers if other != name and self._hears(other, name, at)]
            if third and at - since >= long:
                return name
        return None

    def sees_all_macs(self, at: float) -> float | None:
        """Since when every Mac has been seen, if that is long and they all say that they see each other."""
        others = self.macs & set(self.peers)
        if self.me not in self.macs or not others:
            return None
        begun = float("-inf")
        for name in others:
            peer = self.peers[name]
            if peer.last is None or peer.since is None or at - peer.last > self.timing.dead:
                return None
            if not all(self._hears(name, other, at) for other in self.macs - {name}):
                return None
            begun = max(begun, peer.since)
        return begun if at - begun >= self.timing.trust else None

    def _hears(self, machine: str, other: str, at: float) -> bool:
        """Whether ``machine`` says, right now, that it hears ``other``."""
        report = self.peers[machine].report
        if report is None or not self.believes(report, at):
            return False
        sight = report.sights.get(other)
        return sight is not None and sight.silence < self.timing.dead

    def longest_silence(self, machine: str, at: float) -> float:
        """Seconds since the first of those who are believed now lost ``machine``."""
        last = self.peers[machine].last
        silences = [at - last if last is not None else float("inf")]
        for other in self.peers.values():
            if other.report is not None and self.believes(other.report, at):
                sight = other.report.sights.get(machine)
                silences += [sight.silence] if sight else []
        return max(silences)

    def quorum_age(self, version: str, at: float) -> float:
        """For how long, at least, the quorum has been of this version, by this machine's seconds.

        No date is asked: the time of day may be stepped, here and where dates are written.
        """
        known = self.vouched is not None and self.vouched[0] == version
        return at - self.vouched[1] if known and self.vouched else 0.0

    def may_act(self, at: float) -> bool:
        """Whether this machine can trust its own clocks now: it neither stood still nor just woke."""
        awake = self.ticked is not None and at - self.ticked <= self.timing.stall
        return self.enabled and awake and at >= self.blind_until

    def with_peer(self, machine: str, peer: Peer) -> State:
        """The same with another view of one machine."""
        return replace(self, peers={**self.peers, machine: peer})
