"""Heartbeats as datagrams: who has not the hospital's secret can neither make one nor say one again.

A datagram is an HMAC (SHA-256) and the JSON it is of. It names its sender and its receiver, so that it cannot
be sent back, or on, to another. Its stamp only grows within a life of its sender, and lives only grow, or
else it answers what we sent a moment ago: a recorded heartbeat is no sign of life.
"""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from detector.events import Report, Sight, Stamp

LARGEST = 1200
"""Bytes; one Ethernet frame, never a fragment."""
_MAC = 32
_CONTEXT = b"prontuario detector 1\0"
_FOREVER = 1e9
"""Seconds; what infinity is on the wire, where JSON has no word for it."""


class RefusedError(Exception):
    """The datagram is not a heartbeat for us; says why in one word."""


def seal(secret: bytes, report: Report, to: str) -> bytes:
    """A report as a datagram for one machine."""
    echo = report.echo
    content = {
        "from": report.machine,
        "to": to,
        "stamp": [report.stamp.life, report.stamp.at],
        "echo": [echo.life, echo.at] if echo else None,
        "sights": {
            name: [round(min(sight.silence, _FOREVER), 3), sight.known]
            for name, sight in report.sights.items()
        },
    }
    payload = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    return _sign(secret, payload) + payload


def unseal(secret: bytes, datagram: bytes, me: str, others: Collection[str], at: float) -> Report:
    """The report that arrived at ``at``; raises RefusedError for whatever is not from one of us to us."""
    if not _MAC < len(datagram) <= LARGEST:
        raise RefusedError("size")
    payload = datagram[_MAC:]
    if not hmac.compare_digest(_sign(secret, payload), datagram[:_MAC]):
        raise RefusedError("forged")
    try:
        content = json.loads(payload)
        sender, receiver = content["from"], content["to"]
        sights = {str(name): _sight(value) for name, value in content["sights"].items()}
        stamp, echo = _stamp(content["stamp"]), content["echo"]
        report = Report(at, str(sender), sights, stamp, _stamp(echo) if echo is not None else None)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RefusedError("garbage") from None
    if receiver != me or sender not in others:
        raise RefusedError("stranger")
    return report


@dataclass
class Gate:
    """Lets every heartbeat of a machine in once, and those of its earlier lives never."""

    life: int
    fresh: float
    newest: dict[str, Stamp] = field(default_factory=dict)

    def admit(self, report: Report) -> None:
        """Returns for one that is new; raises RefusedError for one that was said before."""
        known, stamp = self.newest.get(report.machine), report.stamp
        if known is not None and stamp.life == known.life:
            if stamp.at <= known.at:
                raise RefusedError("repeated")
        elif known is not None and stamp.life < known.life and not self._answers(report):
            raise RefusedError("outlived")
        self.newest[report.machine] = stamp

    def _answers(self, report: Report) -> bool:
        """Nobody can have recorded an answer to what was sent just now."""
        echo = report.echo
        return echo is not None and echo.life == self.life and report.at - echo.at <= self.fresh


def _sign(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, _CONTEXT + payload, "sha256")


def _sight(value: Any) -> Sight:
    silence, known = value
    if not isinstance(known, bool):
        raise TypeError("known")
    return Sight(_number(silence), known)


def _stamp(value: Any) -> Stamp:
    life, at = value
    if not isinstance(life, int) or isinstance(life, bool):
        raise TypeError("life")
    return Stamp(life, _number(at))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("number")
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError("number")
    return number
