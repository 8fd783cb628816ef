"""How long people waited, and how often in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from load.device import Reply

GOOD = frozenset({200, 201, 204})


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: what it was for, when its person asked (seconds since the start), how long it took."""

    deed: str
    at: float
    seconds: float
    status: int
    tries: int


@dataclass
class Measures:
    """``stall_s``: the longest time that this computer itself came late, part of no sample."""

    samples: list[Sample] = field(default_factory=list)
    stall_s: float = 0.0

    def note(self, deed: str, at: float, reply: Reply) -> None:
        """One request has ended."""
        self.samples.append(Sample(deed, at, reply.seconds, reply.status, reply.tries))

    @property
    def errors(self) -> Counter[str]:
        """Requests that ended in anything else than what was asked for, by what it was."""
        bad = (one for one in self.samples if one.status not in GOOD)
        return Counter(f"{one.deed}: {one.status or 'no answer'}" for one in bad)


def percentile(seconds: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0 to 1) of all do not exceed; 0 for none."""
    ordered = sorted(seconds)
    return ordered[max(ceil(share * len(ordered)) - 1, 0)] if ordered else 0.0
