"""Three machines among which anything may be slow, lost, frozen, cut or off; time goes in tenths."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace
from random import Random

from detector.decision import State, step
from detector.events import (
    Action,
    Answer,
    Ask,
    Event,
    Outcome,
    Promote,
    Quorum,
    Records,
    Report,
    Tick,
)

MACHINES = ("mac-a", "mac-b", "witness")
MACS = ("mac-a", "mac-b")
PLACED = {"records-1": "mac-a", "records-2": "mac-b"}
BEAT = 0.1


@dataclass
class Box:
    """One machine and the detector on it."""

    state: State
    on: bool = True
    frozen: bool = False
    waiting: list[Event] = field(default_factory=list)
    since: dict[str, float] = field(default_factory=dict)  # beginning of the present sight of others
    last: dict[str, float] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)  # whom it has seen long enough since it started
    written: dict[str, float] = field(default_factory=dict)  # when what it last read of others was written


@dataclass
class World:
    """Truth, as no machine knows it."""

    seed: int
    now: float = 0.0
    boxes: dict[str, Box] = field(default_factory=dict)
    loss: dict[tuple[str, str], float] = field(default_factory=dict)  # 1.0 is a cut
    delay: dict[tuple[str, str], float] = field(default_factory=dict)
    # the records
    version: int = 1
    primary: str = "records-1"
    in_quorum: bool = True
    stale: bool = False  # the standby lacks something acknowledged
    apart: float = 0.0
    promotions: list[tuple[float, Promote]] = field(default_factory=list)
    _later: list[tuple[float, int, str, object]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - a die, not a secret
        for name in MACHINES:
            self.power_on(name)

    # -- what a drill does ------------------------------------------------------------------------

    def power_on(self, name: str) -> None:
        """A fresh boot: its detector knows nothing."""
        self.boxes[name] = Box(State.fresh(name, next(self._order), MACHINES, MACS))

    def power_off(self, name: str) -> None:
        """Everything on it is gone at once."""
        self.boxes[name].on = False

    def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        """No packet from a to b (and back)."""
        self.loss[a, b] = 1.0
        if not one_way:
            self.loss[b, a] = 1.0

    def heal(self) -> None:
        """Every cable is as new."""
        self.loss.clear()
        self.delay.clear()

    def run(self, seconds: float) -> None:
        """Let time go by."""
        for _ in range(round(seconds / BEAT)):
            self.now += BEAT
            self._deliver()
            for name in self.random.sample(MACHINES, len(MACHINES)):
                self._live(name)
            self._operator()

    # -- machines and wires -------------------------------------------------------------------------

    def works(self, name: str) -> bool:
        """It is on and not frozen."""
        return self.boxes[name].on and not self.boxes[name].frozen

    def linked(self, a: str, b: str) -> bool:
        """A conversation is possible."""
        return self.loss.get((a, b), 0) < 1 and self.loss.get((b, a), 0) < 1

    def has_majority(self, name: str) -> bool:
        """Its API server can read and write: its etcd member and another hear each other."""
        others = (other for other in MACHINES if other != name)
        return self.works(name) and any(self.works(other) and self.linked(name, other) for other in others)

    def _live(self, name: str) -> None:
        box = self.boxes[name]
        if not self.works(name):
            return
        events, box.waiting = box.waiting, []
        tick = Tick(self.now)
        # Which comes first after a freeze is the scheduler's choice.
        for event in [tick, *events] if self.random.random() < 0.5 else [*events, tick]:
            box.state, actions = step(box.state, _at(event, self.now))
            for action in actions:
                self._act(name, action)
        for other in MACHINES:
            wire = (name, other)
            if other != name and self.random.random() >= self.loss.get(wire, 0):
                late = self.delay.get(wire, 0) * self.random.random()
                self._post(late, other, box.state.report(other, self.now))

    def _post(self, late: float, to: str, what: object) -> None:
        heapq.heappush(self._later, (self.now + late, next(self._order), to, what))

    def _deliver(self) -> None:
        while self._later and self._later[0][0] <= self.now:
            _, _, to, what = heapq.heappop(self._later)
            box = self.boxes[to]
            if isinstance(what, Promote):
                self._post(0.1, to, Outcome(0, what.question, self._apply(to, what)))
            elif isinstance(what, Ask):
                seen = self._records() if self.has_majority(to) else None
                self._post(0.3 * self.random.random(), to, Answer(0, what.question, seen))
            elif box.on and isinstance(what, Report | Answer | Outcome):
                if isinstance(what, Report):
                    self._note(box, what)
                box.waiting.append(what)

    def _note(self, box: Box, report: Report) -> None:
        name = report.machine
        if self.now - box.last.get(name, -99) > box.state.timing.dead + 2 * BEAT:
            box.since[name] = self.now
        box.last[name] = self.now
        box.written[name] = max(report.stamp.at, box.written.get(name, 0))
        if self.now - box.since[name] >= box.state.timing.trust - 2 * BEAT:
            box.met.add(name)

    def _act(self, name: str, action: Action) -> None:
        if isinstance(action, Promote):
            self.check_reasons(name, action)
        if isinstance(action, Promote | Ask):
            self._post(0.5 * self.random.random(), name, action)

    # -- the records ----------------------------------------------------------------------------------

    @property
    def standby(self) -> str:
        """The other instance."""
        return next(name for name in PLACED if name != self.primary)

    def _records(self) -> Records:
        quorum = Quorum(self.primary, frozenset({self.standby}), int(self.in_quorum))
        # Kubernetes goes on calling a dead instance ready for a long while.
        return Records(str(self.version), self.primary, self.primary, PLACED, frozenset(PLACED), quorum)

    def _apply(self, through: str, promote: Promote) -> bool | None:
        if not self.has_majority(through):
            return None
        if promote.version != str(self.version):
            return False
        assert promote.instead_of == self.primary
        assert promote.standby == self.standby
        assert not self.stale, f"{promote} at {self.now:.1f} loses acknowledged writes"
        self.promotions.append((self.now, promote))
        self.primary, self.version = promote.standby, self.version + 1
        self.in_quorum, self.stale, self.apart = False, True, 0.0
        return True if self.random.random() < 0.9 else None

    def _operator(self) -> None:
        """CloudNativePG takes a lost standby out of the quorum before the primary acknowledges alone."""
        first, second = PLACED[self.primary], PLACED[self.standby]
        together = self.works(first) and self.works(second) and self.linked(first, second)
        self.apart = 0.0 if together and self.apart >= 0 else self.apart + BEAT
        if together and not self.in_quorum and any(map(self.has_majority, MACHINES)):
            self.stale, self.in_quorum, self.version = False, True, self.version + 1
        if self.apart > 4 and self.in_quorum and self.has_majority(first):
            self.in_quorum, self.version = False, self.version + 1
        elif self.apart > 4 and not self.in_quorum and self.works(first):
            self.stale = True

    # -- what must hold whenever somebody promotes ------------------------------------------------------

    def check_reasons(self, name: str, promote: Promote) -> None:
        """The one who acts has really had silence, and somebody else who knew the dead machine agrees."""
        dead, box, timing = promote.dead, self.boxes[name], self.boxes[name].state.timing
        assert dead in box.met, f"{name} never knew {dead}"
        silence = self.now - box.last[dead]
        assert silence >= timing.dead - 2 * BEAT, f"{name} heard {dead} {silence:.1f} s ago"
        agreeing = [
            other
            for other in MACHINES
            if other not in (name, dead)
            and dead in self.boxes[other].met
            and self.now - box.written.get(other, -99) <= timing.fresh + 2 * BEAT
        ]
        assert agreeing, f"nobody who knew {dead} had just told {name} anything"


def _at(event: Event, now: float) -> Event:
    """The same event, stamped when its machine got round to it."""
    match event:
        case Report():
            return replace(event, at=now)
        case Answer(_, question, records):
            return Answer(now, question, records)
        case Outcome(_, question, accepted):
            return Outcome(now, question, accepted)
    return event
