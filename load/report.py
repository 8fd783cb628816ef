"""Figures, and whether they are what the hospital was promised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drills.framework.report import describe_computer
from load.measure import percentile
from load.mix import MIX
from load.run import Orders, Outcome

Json = dict[str, Any]


@dataclass(frozen=True)
class Promise:
    """What a load is held to: ``p95_ms`` is not reached, ``per_minute`` is; errors: none."""

    p95_ms: float = 100.0
    per_minute: float = 1000.0


@dataclass(frozen=True)
class Report:
    """One load against ``base``, a name without anything secret."""

    base: str
    users: int
    orders: Orders
    outcome: Outcome
    promise: Promise
    commit: str = ""

    def as_json(self) -> Json:
        """Everything, times in milliseconds."""
        samples = self.outcome.measures.samples
        waits = [one.seconds for one in samples]
        return {
            "users": self.users,
            "requests_per_minute": round(self.per_minute, 1),
            "p50_ms": _ms(percentile(waits, 0.50)),
            "p95_ms": _ms(percentile(waits, 0.95)),
            "p99_ms": _ms(percentile(waits, 0.99)),
            "errors": self.errors,
            "kept": not self.broken,
            "broken": self.broken,
            "requests": len(samples),
            "seconds": round(self.outcome.seconds, 1),
            "wanted_per_minute": self.orders.per_minute,
            "seed": self.orders.seed,
            "base": self.base,
            "machine": describe_computer(),
            "commit": self.commit,
            "client_stall_ms": _ms(self.outcome.measures.stall_s),
            "failed_tries": self.outcome.failed_tries,
            "max_ms": _ms(max(waits, default=0.0)),
            "errors_by_kind": dict(sorted(self.outcome.measures.errors.items())),
            "ledger": asdict(self.outcome.found),
            "promise": asdict(self.promise),
            "mix": self._by_deed(),
        }

    @property
    def per_minute(self) -> float:
        """Requests that were answered as asked, of all people together."""
        return 60 * (len(self.outcome.measures.samples) - self.errors) / max(self.outcome.seconds, 1e-9)

    @property
    def errors(self) -> int:
        """Requests that were not answered as asked."""
        return self.outcome.measures.errors.total()

    @property
    def broken(self) -> list[str]:
        """One phrase for each promise that was not kept; none when all were."""
        found = self.outcome.found
        waits = [one.seconds for one in self.outcome.measures.samples]
        p95 = 1000 * percentile(waits, 0.95)
        said = {
            f"95 % of requests took up to {p95:.1f} ms, promised are less than {self.promise.p95_ms:g}": (
                p95 >= self.promise.p95_ms
            ),
            f"{self.per_minute:.0f} requests a minute, promised are {self.promise.per_minute:g}": (
                self.per_minute < self.promise.per_minute
            ),
            f"{self.errors} requests were not answered as asked": self.errors > 0,
            f"{found.lost} acknowledged writes are not there": found.lost > 0,
            f"{found.duplicated} writes were done twice": found.duplicated > 0,
            f"{found.unread} lists could not be read, so nothing is proved of them": found.unread > 0,
            "nothing was written, so nothing is proved": found.acknowledged == 0,
        }
        return [phrase for phrase, is_so in said.items() if is_so]

    def write(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".json.part")
        draft.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n")
        draft.replace(path)

    def _by_deed(self) -> Mapping[str, Json]:
        waits: dict[str, list[float]] = {}
        for one in self.outcome.measures.samples:
            waits.setdefault(one.deed, []).append(one.seconds)
        return {
            name: {
                "share": MIX[name][0] if name in MIX else None,
                "requests": len(seconds),
                "p50_ms": _ms(percentile(seconds, 0.50)),
                "p95_ms": _ms(percentile(seconds, 0.95)),
            }
            for name, seconds in sorted(waits.items())
        }


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
