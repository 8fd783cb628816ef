"""Three machines among which anything may be slow, lost, frozen, cut or off; time goes in tenths."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace
from random import Random

from detector.decision import step
from detector.events import (
    Action,
    Answer,
    Ask,
    Bury,
    Change,
    Couple,
    Event,
    Outcome,
    Promote,
    Quorum,
    Records,
    Relieve,
    Report,
    Tick,
    Uncouple,
    Vouched,
)
from detector.state import State

MACHINES = ("mac-a", "mac-b", "witness")
MACS = ("mac-a", "mac-b")
PLACED = {"records-1": "mac-a", "records-2": "mac-b"}
BEAT = 0.1
CATCHING_UP = 3.0
LOOKED = 2.0
ELECTION = 1.0
LOOK = object()


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
    born: float = 0.0
    looked: float = -99.0  # when it last asked for the quorum's version


@dataclass
class World:
    """Truth, as no machine knows it."""

    seed: int
    now: float = 0.0
    boxes: dict[str, Box] = field(default_factory=dict)
    loss: dict[tuple[str, str], float] = field(default_factory=dict)  # 1.0 is a cut
    delay: dict[tuple[str, str], float] = field(default_factory=dict)
    leader: str | None = "witness"  # of etcd: whoever does not hear it can neither read nor change anything
    leaderless: float = 0.0
    # the records
    version: int = 1
    primary: str = "records-1"
    in_quorum: bool = True
    stale: bool = False  # the standby lacks something acknowledged
    apart: float = 0.0  # for how long the standby's machine has been out of Kubernetes' sight
    joined: float = 0.0  # for how long the standby has been catching up
    vouched: int = 0  # the quorum's version
    target: str = "records-1"
    moving: bool = False  # somebody is moving the primary on purpose
    holder: str | None = "records-1"  # of the primary's lease
    ready: set[str] = field(default_factory=lambda: set(PLACED))
    healthy: set[str] = field(default_factory=lambda: set(PLACED))
    chosen: float = 0.0  # when the target was
    limit: int | None = None  # of the standbys that count
    ours: bool = False  # a detector set it
    heeded: float = 0.0  # when the primary will have heard of it
    acknowledged: float = 0.0  # when a write last was
    pause: float = 0.0  # the longest without one
    promotions: list[tuple[float, Promote]] = field(default_factory=list)
    burials: list[tuple[float, Bury]] = field(default_factory=list)
    reliefs: list[tuple[float, Relieve]] = field(default_factory=list)
    completed: list[float] = field(default_factory=list)
    uncouplings: list[float] = field(default_factory=list)
    couplings: list[float] = field(default_factory=list)
    _later: list[tuple[float, int, str, object]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - a die, not a secret
        for name in MACHINES:
            self.power_on(name)

    # -- what a drill does ------------------------------------------------------------------------

    def power_on(self, name: str) -> None:
        """A fresh boot: its detector knows nothing."""
        self.boxes[name] = Box(State.fresh(name, next(self._order), MACHINES, MACS), born=self.now)

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

    def switch_over(self) -> None:
        """Somebody moves the primary on purpose, which a primary alone can do."""
        if self.target == self.primary and self.in_quorum and self.works(PLACED[self.primary]):
            self.moving, self.target, self.chosen = True, self.standby, self.now
            self.version += 1

    def set_limit(self, limit: int | None) -> None:
        """An operator decides how many standbys count, whatever a detector had set."""
        self.limit, self.ours, self.heeded, self.version = limit, False, self.now, self.version + 1

    def run(self, seconds: float) -> None:
        """Let time go by."""
        for _ in range(round(seconds / BEAT)):
            self.now += BEAT
            self._deliver()
            for name in self.random.sample(MACHINES, len(MACHINES)):
                self._live(name)
            self._elect()
            self._operator()
            self._write()

    # -- machines and wires -------------------------------------------------------------------------

    def works(self, name: str) -> bool:
        """It is on and not frozen."""
        return self.boxes[name].on and not self.boxes[name].frozen

    def linked(self, a: str, b: str) -> bool:
        """A conversation is possible."""
        return self.loss.get((a, b), 0) < 1 and self.loss.get((b, a), 0) < 1

    def has_majority(self, name: str) -> bool:
        """Its API server can read and write: its etcd member hears a leader whom another one hears."""
        leader = self.leader
        if leader is None or not self.works(name) or not self._may_lead(leader):
            return False
        return name == leader or self.linked(name, leader)

    def _may_lead(self, name: str) -> bool:
        others = (other for other in MACHINES if other != name)
        return self.works(name) and any(self.works(other) and self.linked(name, other) for other in others)

    def _elect(self) -> None:
        """Nobody is elected while a leader has its majority, however many others do not hear it."""
        if self.leader is not None and self._may_lead(self.leader):
            self.leaderless = 0.0
            return
        self.leaderless += BEAT
        able = [name for name in MACHINES if self._may_lead(name)]
        if self.leaderless >= ELECTION and able:
            self.leader, self.leaderless = self.random.choice(able), 0.0

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
        if self.now - box.looked >= LOOKED:
            box.looked = self.now
            self._post(0.3 * self.random.random(), name, LOOK)
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
            if isinstance(what, Promote | Relieve | Bury | Uncouple | Couple):
                self._post(0.1, to, Outcome(0, what.question, self._apply(to, what)))
            elif isinstance(what, Ask):
                answers = self.has_majority(to) and self.random.random() < 0.9
                seen = self._records() if answers else None
                self._post(0.3 * self.random.random(), to, Answer(0, what.question, seen))
            elif what is LOOK:
                if self.has_majority(to) and self.random.random() < 0.9:
                    self._post(0.3 * self.random.random(), to, Vouched(0, str(self.vouched)))
            elif box.on and isinstance(what, Report | Answer | Outcome | Vouched):
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
        if isinstance(action, Uncouple | Couple):
            self.check_coupling(name, action)
        elif isinstance(action, Promote | Relieve | Bury):
            self.check_reasons(name, action)
        if isinstance(action, Promote | Relieve | Bury | Uncouple | Couple | Ask):
            self._post(0.5 * self.random.random(), name, action)

    # -- the records ----------------------------------------------------------------------------------

    @property
    def standby(self) -> str:
        """The other instance."""
        return next(name for name in PLACED if name != self.primary)

    def _records(self) -> Records:
        quorum = Quorum(self.primary, frozenset({self.standby}), int(self.in_quorum), str(self.vouched))
        # Kubernetes goes on calling a dead instance ready for a long while.
        return Records(
            str(self.version),
            self.primary,
            self.target,
            PLACED,
            frozenset(self.ready),
            frozenset(self.healthy),
            quorum,
            self.moving,
            self.limit,
            self.ours,
        )

    def _apply(self, through: str, change: Change) -> bool | None:
        if not self.has_majority(through):
            return None
        if isinstance(change, Bury):
            self._bury(change)
        elif change.version != str(self.version):
            return False
        elif isinstance(change, Promote):
            self._promote(change)
        elif isinstance(change, Uncouple | Couple):
            self._couple(change)
        else:
            assert PLACED[self.primary] != change.dead, "the dead machine's own instance was to be relieved"
            self.reliefs.append((self.now, change))
            self.healthy -= set(change.lost)
            self.version += 1
        return True if self.random.random() < 0.9 else None

    def _promote(self, promote: Promote) -> None:
        assert not self.moving, "somebody was moving the primary"
        assert promote.instead_of == self.primary == self.target
        assert promote.standby == self.standby
        assert not self.stale, f"{promote} at {self.now:.1f} loses acknowledged writes"
        self.promotions.append((self.now, promote))
        self.healthy -= set(promote.lost)
        self.target, self.chosen, self.version = promote.standby, self.now, self.version + 1

    def _couple(self, change: Uncouple | Couple) -> None:
        assert not self.moving
        assert self.target == self.primary
        if isinstance(change, Uncouple):
            assert self.limit is None, "somebody else's setting was replaced"
            assert PLACED[self.primary] == change.here
            self.limit, self.ours = 0, True
            self.uncouplings.append(self.now)
        else:
            assert (self.limit, self.ours) == (0, True), "somebody else's setting was removed"
            self.limit, self.ours = None, False
            self.couplings.append(self.now)
        self.heeded, self.version = self.now + self.random.random(), self.version + 1

    def _bury(self, bury: Bury) -> None:
        assert bury.holder is None or PLACED[bury.holder] == bury.dead
        assert all(PLACED[name] == bury.dead for name in bury.lost)
        self.burials.append((self.now, bury))
        self.ready -= set(bury.lost)
        if self.holder == bury.holder:
            self.holder = None

    def _operator(self) -> None:
        """CloudNativePG takes a lost standby out of the quorum before the primary acknowledges alone."""
        self._complete()
        first, second = PLACED[self.primary], PLACED[self.standby]
        together = self.works(first) and self.works(second) and self.linked(first, second)
        self.apart = 0.0 if self.has_majority(second) else self.apart + BEAT
        self.joined = self.joined + BEAT if together else 0.0
        counts = self.limit is None or self.now < self.heeded
        if self.has_majority(first) and self.has_majority(second):
            # A pod is ready whether or not its primary reaches it.
            self.ready |= set(PLACED)
            if self.target == self.primary and not self.healthy >= set(PLACED):
                self.healthy, self.version = set(PLACED), self.version + 1
            if self.target == self.primary and not self.in_quorum and counts and self.now >= self.heeded:
                self.in_quorum, self.vouched = True, self.vouched + 1
        # It is counted on as soon as it is back, long before it has everything again.
        if self.in_quorum and self.joined > CATCHING_UP:
            self.stale = False
        unseen = self.apart > 4 and self.standby in self.healthy
        if unseen and self.has_majority(first) and self.target == self.primary:
            self.healthy, self.version = self.healthy - {self.standby}, self.version + 1
        alone = self.standby not in self.healthy or not counts
        if alone and self.in_quorum and self.has_majority(first):
            self.in_quorum = False
        elif alone and not self.in_quorum and self.works(first):
            self.stale = True

    def _complete(self) -> None:
        """The target takes over once the lease of its predecessor is free, or has run out."""
        waits = self.holder == self.primary and self.now - self.chosen < 6
        if self.target == self.primary or waits or not self.has_majority(PLACED[self.target]):
            return
        self.primary = self.holder = self.target
        self.completed.append(self.now)
        self.version, self.in_quorum, self.stale, self.moving = self.version + 1, False, True, False
        self.joined = 0.0

    def _write(self) -> None:
        """A commit waits for the standby that counts, whether or not it can be reached."""
        first, second = PLACED[self.primary], PLACED[self.standby]
        together = self.works(first) and self.works(second) and self.linked(first, second)
        if self.works(first) and self.target == self.primary and (together or not self.in_quorum):
            self.pause = max(self.pause, self.now - self.acknowledged)
            self.acknowledged = self.now

    # -- what must hold whenever somebody promotes ------------------------------------------------------

    def check_coupling(self, name: str, change: Uncouple | Couple) -> None:
        """Uncoupled by one who has not heard the other for long and is told that others do; coupled by one
        who has seen it for long."""
        box, timing = self.boxes[name], self.boxes[name].state.timing
        other = next(mac for mac in MACS if mac != name)
        if isinstance(change, Couple):
            assert self.now - box.last[other] <= timing.dead + 2 * BEAT
            assert self.now - box.since[other] >= timing.trust - 2 * BEAT
            return
        assert (change.here, change.lost) == (name, other)
        silence = self.now - box.last.get(other, box.born)
        assert silence >= (timing.apart if other in box.last else timing.trust) - 2 * BEAT
        assert self.now - box.written.get("witness", -99) <= timing.fresh + 2 * BEAT
        heard = self.now - self.boxes["witness"].last.get(other, -99)
        assert heard <= timing.dead + timing.fresh + 5, "the witness does not hear it either"

    def check_reasons(self, name: str, change: Promote | Relieve | Bury) -> None:
        """The one who acts has really had silence, and somebody else who knew the dead machine agrees."""
        dead, box, timing = change.dead, self.boxes[name], self.boxes[name].state.timing
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
        case Vouched(_, version):
            return Vouched(now, version)
    return event
