"""What a detector sees, for people and for Prometheus: facts for the history, the status, the metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from detector.events import Sight
from detector.state import State


def facts(state: State, at: float) -> dict[str, Any]:
    """Everything the decision looks at, at this moment (seconds of this machine's monotonic clock)."""
    return {
        "at": round(at, 3),
        "machine": state.me,
        "enabled": state.enabled,
        "trusts_its_clocks": state.may_act(at) if state.enabled else at >= state.blind_until,
        "peers": {name: _peer(state, name, at) for name in state.peers},
        "records": {"uncoupled": state.coupling.uncoupled, "phase": state.coupling.phase.value},
        "quorum_seen_for": _seconds(at - state.vouched[1]) if state.vouched else None,
    }


def _peer(state: State, name: str, at: float) -> dict[str, Any]:
    peer = state.peers[name]
    told = peer.report
    echo = told.echo if told and told.echo and told.echo.life == state.life else None
    return {
        "silence": _seconds(at - peer.last) if peer.last is not None else None,
        "known": peer.known,
        "phase": peer.phase.value,
        "words_age": _seconds(at - echo.at) if echo else None,
        "says": {other: _sight(sight) for other, sight in told.sights.items()} if told else {},
    }


def _sight(sight: Sight) -> dict[str, Any]:
    return {"silence": _seconds(sight.silence), "known": sight.known}


def _seconds(value: float) -> float | None:
    """Rounded; None for never, because JSON and people have no infinity."""
    return round(value, 3) if math.isfinite(value) and value < 1e8 else None


def table(answers: Mapping[str, Mapping[str, Any] | str]) -> str:
    """Who sees whom, one row per observer; an answer that is text says why there is no status."""
    names = list(answers)
    rows = [["seen by", *names, "identity ends", "asked API", "release"]]
    notes: list[str] = []
    for observer, answer in answers.items():
        if isinstance(answer, str):
            rows.append([observer, *["?" for _ in names], "?", "?", "?"])
            notes.append(f"{observer}: {answer}")
            continue
        cells = ["-" if name == observer else _cell(answer["peers"].get(name)) for name in names]
        rows.append(
            [observer, *cells, *(str(answer.get(key) or "?") for key in ("identity", "api", "release"))]
        )
        if not answer["enabled"]:
            notes.append(f"{observer}: switched off: it looks and does nothing")
        if answer.get("records", {}).get("uncoupled"):
            notes.append(
                f"{observer}: the records are UNCOUPLED: every write is on one Mac alone, and no other "
                "would be promoted; ten seconds after the Macs hear each other again they are coupled"
            )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    recent = sorted(
        (line["time"], observer, line["said"])
        for observer, answer in answers.items()
        if not isinstance(answer, str)
        for line in answer.get("history", [])
    )
    lines += ["", *notes, "last decisions:"]
    lines += [f"  {time}  {observer}  {said}" for time, observer, said in recent[-20:]]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _cell(peer: Mapping[str, Any] | None) -> str:
    if peer is None:
        return "?"
    if peer["silence"] is None:
        return "never seen"
    trusted = "" if peer["known"] else " new"
    phase = "" if peer["phase"] == "calm" else f" {peer['phase']}"
    return f"{peer['silence']:.1f} s{trusted}{phase}"


def exposition(
    state: State, at: float, counters: Mapping[str, Mapping[str, float]], gauges: Mapping[str, float]
) -> str:
    """Prometheus' text: ``counters`` by name and label set (already written), ``gauges`` by name."""
    prefix = "prontuario_detector"
    lines = [f"# TYPE {prefix}_enabled gauge", f"{prefix}_enabled {int(state.enabled)}"]
    for name, kind, value_of in (
        ("silence_seconds", "gauge", lambda peer: at - peer.last if peer.last is not None else math.inf),
        ("known", "gauge", lambda peer: int(peer.known)),
        ("acting", "gauge", lambda peer: int(peer.phase.value not in ("calm", "spent"))),
    ):
        lines.append(f"# TYPE {prefix}_{name} {kind}")
        for machine, peer in state.peers.items():
            lines.append(f'{prefix}_{name}{{machine="{machine}"}} {_value(value_of(peer))}')
    seen = at - state.vouched[1] if state.vouched else 0.0
    gauges = {"quorum_seen_seconds": seen, **gauges}
    gauges = {"uncoupled": float(bool(state.coupling.uncoupled)), **gauges}
    for name, value in gauges.items():
        lines += [f"# TYPE {prefix}_{name} gauge", f"{prefix}_{name} {_value(value)}"]
    for name, series in counters.items():
        lines.append(f"# TYPE {prefix}_{name} counter")
        lines += [f"{prefix}_{name}{labels} {_value(count)}" for labels, count in series.items()]
    return "\n".join(lines) + "\n"


def _value(number: float) -> str:
    return "+Inf" if number == math.inf else f"{number:.3f}".rstrip("0").rstrip(".")
