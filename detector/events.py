"""What the decision is told and what it answers, and nothing about how either travels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds. The defaults are the ones whose outage was measured."""

    dead: float = 1.5  # silence after which this machine has lost another
    slack: float = 0.2  # how much less the other witness may have waited: reports take time
    fresh: float = 0.6  # how old the words of another may be
    stall: float = 0.5  # a gap between two ticks after which this machine trusts its own clocks no more
    blind: float = 2.0  # how long it then only looks
    trust: float = 10.0  # uninterrupted sight after which a machine's silence means something
    answer: float = 2.0  # how long to wait for the API server: it may be electing its own leader
    retry: float = 0.2  # how soon to ask again one that answered with an error
    give_up: float = 30.0  # how long one death is acted upon
    flap: float = 4.5  # how much longer than ``dead`` a link may be gone and come back

    @property
    def apart(self) -> float:
        """Silence between the Macs after which nobody may still take it for a freeze or a flap."""
        return self.dead + self.flap


@dataclass(frozen=True)
class Sight:
    """What one machine says of another: silence so far in seconds, and whether it ever knew it alive."""

    silence: float
    known: bool


@dataclass(frozen=True)
class Quorum:
    """CloudNativePG's FailoverQuorum: any ``number`` of ``standbys`` hold every commit of ``primary``.

    version: of the object, another after every change of it
    """

    primary: str
    standbys: frozenset[str]
    number: int
    version: str = ""


@dataclass(frozen=True)
class Records:
    """One read of the database cluster; instances are pods, each placed on a machine.

    version: of the cluster's object, which a change of it must still have
    primary, target: who is primary, and who shall be
    planned: somebody is moving the primary on purpose
    limit: how many standbys CloudNativePG may count on at most; None for all of them
    ours: a detector has set that limit, to none
    ready: what Kubernetes calls ready; healthy: what CloudNativePG counts on, and synchronises with
    """

    version: str
    primary: str
    target: str
    placed: Mapping[str, str]
    ready: frozenset[str]
    healthy: frozenset[str]
    quorum: Quorum | None
    planned: bool = False
    limit: int | None = None
    ours: bool = False

    def on(self, machine: str) -> tuple[str, ...]:
        """The instances on a machine."""
        return tuple(sorted(name for name, where in self.placed.items() if where == machine))

    def without(self, lost: Iterable[str]) -> tuple[str, ...]:
        """Whom CloudNativePG counts on when it no longer counts on ``lost``."""
        return tuple(sorted(self.healthy - set(lost)))


@dataclass(frozen=True)
class Alive:
    """A sign of life of a machine: a heartbeat, or any answer of its TCP (a refusal is one)."""

    at: float
    machine: str


@dataclass(frozen=True)
class Stamp:
    """A moment of one life of a detector; its clock means nothing to others, who only give it back."""

    life: int
    at: float


@dataclass(frozen=True)
class Report:
    """A heartbeat's content: what its sender sees.

    stamp: when it was sent, by the sender's clock
    echo: the newest stamp the sender had from us, so that we know how old its words are at most
    """

    at: float
    machine: str
    sights: Mapping[str, Sight]
    stamp: Stamp
    echo: Stamp | None


@dataclass(frozen=True)
class Vouched:
    """The quorum's version, as read at most ``at``; asked for every two seconds while all is well."""

    at: float
    version: str


@dataclass(frozen=True)
class Tick:
    """Time goes by; expected every 0.1 s."""

    at: float


@dataclass(frozen=True)
class Answer:
    """The local API server's records, or None when it gave none in time."""

    at: float
    question: int
    records: Records | None


@dataclass(frozen=True)
class Outcome:
    """What became of a change: True done, False refused because the records had changed, None unknown."""

    at: float
    question: int
    accepted: bool | None


Event = Alive | Report | Vouched | Tick | Answer | Outcome


@dataclass(frozen=True)
class Ask:
    """Read the records through the local API server, a quorum read."""

    question: int


@dataclass(frozen=True)
class Promote:
    """Make ``standby`` the target and count ``lost`` out, in one change, if the records are of ``version``.

    living: whom CloudNativePG counts on from then on
    """

    question: int
    standby: str
    instead_of: str
    dead: str
    lost: tuple[str, ...]
    living: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class Relieve:
    """Count ``lost`` out, so that the primary waits for them no longer, if the records are of ``version``."""

    question: int
    dead: str
    lost: tuple[str, ...]
    living: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class Uncouple:
    """Let the primary wait for no standby, and write down that it was us, if the records are of ``version``.

    here, lost: the primary's machine, and the one that it does not hear
    """

    question: int
    here: str
    lost: str
    version: str


@dataclass(frozen=True)
class Couple:
    """Let the primary wait for its standbys as before, if the records are of ``version``."""

    question: int
    version: str


@dataclass(frozen=True)
class Bury:
    """Free the primary's lease if ``holder`` (a dead primary) still holds it, and call ``lost`` not ready."""

    question: int
    dead: str
    lost: tuple[str, ...]
    holder: str | None


@dataclass(frozen=True)
class Tell:
    """Write a line of history."""

    text: str


Change = Promote | Relieve | Bury | Uncouple | Couple
Action = Ask | Change | Tell
