"""How long clinicians wait, at worst, when a machine dies: for the service, and for the records behind it.

For the service, the sum of the edge's own clocks.
Detection (HAProxy) and election (keepalived) run side by side; they are added because the promise is for the
worst order, in which the machine that takes the floating address has yet to learn that a service is gone.
Checked against HAProxy 2.6: after a failed check it pauses for fast_interval, so each failed check costs its
whole timeout besides.

For the records, the sum of what happens one after the other: two machines find the dead one silent for
long enough, another instance is promoted, HAProxy asks it, a client connects. The address moves meanwhile.
How long a promotion takes is no knob of ours: it is what drills measured, with a margin
(:data:`PROMOTION_MS`). With the detector off Kubernetes' own clocks decide (components/clocks.py), and what
drills measured is all there is.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from infra.config.model import Detector, Edge, Hospital
from infra.config.problems import Path, Problem, dotted
from infra.config.units import format_duration

PROMOTION_MS = 4000
"""From two machines' agreement to the first write: 2.4 to 2.9 s in drills on two loaded cores."""
SETTINGS_ALONE_MS = 30_000
"""From a Mac's death to the first write without the detector: 21 to 24 s in the worst placement."""
RECORDS_INTERVAL_MS, RECORDS_TIMEOUT_MS, RECORDS_CONNECT_MS = 300, 1500, 500
"""HAProxy's, for the records: components/haproxy_tunnels.py renders these."""
RECORDS_STANDBY_MS = 600
"""Between two questions whether a standby is the primary by now. Each opens connections to PostgreSQL, and
three machines ask: it started 71 processes a second in an idle lab at 300 ms, 50 at 600 ms."""


@dataclass(frozen=True)
class Clocks:
    """The knobs of the edge that take part in a failover, in milliseconds (failures is a count)."""

    failures: int
    interval: int
    timeout: int
    fast_interval: int
    connect_timeout: int
    advert: int

    @classmethod
    def of(cls, edge: Edge) -> "Clocks":
        """The knobs as ``edge`` has them."""
        check = edge.health_check
        return cls(
            failures=check.failures,
            interval=_milliseconds(check.interval),
            timeout=_milliseconds(check.timeout),
            fast_interval=_milliseconds(check.fast_interval),
            connect_timeout=_milliseconds(edge.connect_timeout),
            advert=_milliseconds(edge.vrrp.advert),
        )

    @property
    def check(self) -> int:
        """The longest failed check: a hung service costs the timeout, a dead machine the connect attempt."""
        return max(self.timeout, min(self.connect_timeout, self.interval))

    @property
    def detection(self) -> int:
        """From the fault to the end of the last failed check; HAProxy pauses after each of them."""
        return self.interval + self.failures * self.check + (self.failures - 1) * self.fast_interval

    @property
    def election(self) -> int:
        """Silence before a backup takes over: three adverts and, at the lowest priority, a full skew."""
        return 4 * self.advert

    @property
    def worst_case(self) -> int:
        """Detection, election, and the connection attempt of the request that came one moment too early."""
        return self.detection + self.election + self.connect_timeout

    def __str__(self) -> str:
        check = "timeout" if self.check == self.timeout else "connect attempt"
        return (
            f"detection {_s(self.detection)} (interval {_s(self.interval)} + {self.failures} x {check}"
            f" {_s(self.check)} + {self.failures - 1} x fast_interval {_s(self.fast_interval)})"
            f" + election {_s(self.election)} (4 x advert {_s(self.advert)})"
            f" + connect_timeout {_s(self.connect_timeout)} = {_s(self.worst_case)}"
        )


_PATHS: Mapping[str, Path] = {
    "failures": ("edge", "health_check", "failures"),
    "interval": ("edge", "health_check", "interval"),
    "timeout": ("edge", "health_check", "timeout"),
    "fast_interval": ("edge", "health_check", "fast_interval"),
    "connect_timeout": ("edge", "connect_timeout"),
    "advert": ("edge", "vrrp", "advert"),
}
_STEPS = {"failures": 1, "advert": 10}
_PROMISE: Path = ("failover", "primary_rto")
_DEAD: Path = ("detector", "dead")


@dataclass(frozen=True)
class RecordsClocks:
    """What passes until the records can be written again, in milliseconds; ``dead`` is the only knob."""

    dead: int

    @property
    def worst_case(self) -> int:
        """Silence, promotion, the check that finds the new primary, and the connection to it."""
        return self.dead + PROMOTION_MS + RECORDS_STANDBY_MS + RECORDS_TIMEOUT_MS + RECORDS_CONNECT_MS

    def __str__(self) -> str:
        return (
            f"records back after dead {_s(self.dead)} + promotion {_s(PROMOTION_MS)} + check "
            f"{_s(RECORDS_STANDBY_MS + RECORDS_TIMEOUT_MS)} + connect {_s(RECORDS_CONNECT_MS)} "
            f"= {_s(self.worst_case)}"
        )


def records_worst_case(hospital: Hospital) -> int:
    """Milliseconds until another Mac's records can be written; 0 where there is no other Mac."""
    if len(hospital.macs) < 2:
        return 0
    if not hospital.detector.enabled:
        return SETTINGS_ALONE_MS
    return RecordsClocks(_milliseconds(hospital.detector.dead)).worst_case


def missed_promises(hospital: Hospital) -> list[Problem]:
    """Everything that keeps ``failover.primary_rto`` from being kept; a promise to be raised is told once."""
    service, records = missed_rto(hospital), missed_records_rto(hospital)
    missed = [problem for problem in (service, records) if problem]
    if service and records and service.path == records.path:
        service_is_worse = Clocks.of(hospital.edge).worst_case > records_worst_case(hospital)
        return [service if service_is_worse else records]
    return missed


def missed_records_rto(hospital: Hospital) -> Problem | None:
    """The promise that the records cannot keep, and whether the detector or the promise must give way."""
    worst, target = records_worst_case(hospital), _milliseconds(hospital.failover.primary_rto)
    if worst <= target:
        return None
    reads = (_PROMISE, _DEAD, ("detector", "enabled"), ("nodes",))
    promise, enough = format_duration(target / 1000), format_duration(worst / 1000)
    if not hospital.detector.enabled:
        why = f"detector.enabled is false, and without it the records take up to {_s(worst)}"
        rule = f"{why}: raise it to {enough}"
        return Problem(_PROMISE, promise, rule, reads)
    clocks = RecordsClocks(_milliseconds(hospital.detector.dead))
    allowed = target - (worst - clocks.dead)
    if allowed < _milliseconds(Detector().dead):
        return Problem(_PROMISE, promise, f"{clocks} is longer than that: raise it to {enough}", reads)
    rule = f"{clocks} breaks {dotted(_PROMISE)} ({_s(target)}): lower it to {format_duration(allowed / 1000)}"
    return Problem(_DEAD, format_duration(hospital.detector.dead), rule, reads)


def missed_rto(hospital: Hospital) -> Problem | None:
    """The promise that the knobs cannot keep: the sum, and which knobs to lower to what."""
    clocks, target = Clocks.of(hospital.edge), _milliseconds(hospital.failover.primary_rto)
    if clocks.worst_case <= target:
        return None
    reads = (_PROMISE, *_PATHS.values())
    lowered = _lowered(clocks, Clocks.of(Edge(address=hospital.edge.address)), target)
    if not lowered:
        enough = format_duration(clocks.worst_case / 1000)
        rule = f"{clocks} is longer than that: raise it to {enough}"
        return Problem(_PROMISE, format_duration(target / 1000), rule, reads)
    (first, value), *others = lowered.items()
    more = "".join(f" and {dotted(_PATHS[name])} to {_text(name, value)}" for name, value in others)
    rule = f"{clocks} breaks {dotted(_PROMISE)} ({_s(target)}): lower it to {_text(first, value)}{more}"
    return Problem(_PATHS[first], _text(first, getattr(clocks, first)), rule, reads)


def _lowered(clocks: Clocks, usual: Clocks, target: int) -> dict[str, int]:
    """The knobs to lower, the most exaggerated first, none below its default; none when that is not enough.

    Below the defaults a stall of a second would pass for a dead machine: there the promise has to give way.
    """

    def exaggeration(name: str) -> float:
        return float(getattr(clocks, name)) / float(getattr(usual, name))

    lowered: dict[str, int] = {}
    for name in sorted(_PATHS, key=exaggeration, reverse=True):
        values = range(getattr(usual, name), getattr(clocks, name), _STEPS.get(name, 100))
        if not values:
            continue
        with_value = partial(_worst_case_with, clocks, name)
        allowed = max(1, bisect_right(values, target, key=with_value))
        lowered[name] = values[allowed - 1]
        clocks = replace(clocks, **{name: lowered[name]})
        if clocks.worst_case <= target:
            return lowered
    return {}


def _worst_case_with(clocks: Clocks, name: str, value: int) -> int:
    return replace(clocks, **{name: value}).worst_case


def _text(name: str, value: int) -> str:
    return str(value) if name == "failures" else format_duration(value / 1000)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _s(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s"
