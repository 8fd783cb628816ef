"""The moments of a failover, from what the detectors, the cluster and the lease themselves wrote down.

All machines of the lab live by this computer's clock, so their wall-clock times can be compared (but for the
detectors of the drill clock-step).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from components.database_endpoints import CLUSTER, NAMESPACE
from drills.framework.cluster import Cluster
from drills.framework.snapshot import seconds
from drills.framework.verdict import DrillError
from lab.host import LabError

HISTORY = "/var/lib/prontuario-detector/history.jsonl"
AGREED = ": lost, and "
"""In what a detector says when it and another machine have lost the same one."""
LEASE = (NAMESPACE, CLUSTER)
NAMES = ("detected_s", "elected_s", "lease_s", "promoted_s")


def moments(cluster: Cluster, since: float) -> dict[str, float | None]:
    """Seconds from ``since`` (epoch) to each moment that came after it, None for one that did not come.

    detected: a detector and another machine agreed on a loss; elected: the standby became the target;
    lease: it took the database's lease; promoted: it called itself primary
    """
    try:
        now = cluster.snapshot()
    except (DrillError, ValueError):
        return dict.fromkeys(NAMES)
    absolute = {
        "detected_s": first_said(histories(cluster), AGREED, since),
        "elected_s": now.promised_at,
        "lease_s": now.taken.get(LEASE),
        "promoted_s": now.done_at,
    }
    return {name: at - since if at and at > since else None for name, at in absolute.items()}


def histories(cluster: Cluster) -> list[Mapping[str, Any]]:
    """Every line of every detector's history on the machines that answer."""
    lines: list[Mapping[str, Any]] = []
    for machine in cluster.machines.values():
        if not machine.is_running() or machine.is_frozen():
            continue
        try:
            text = machine.run(["cat", HISTORY], check=False, timeout=5).stdout
        except LabError:
            continue
        lines += parse_history(text)
    return lines


def parse_history(text: str) -> Iterable[Mapping[str, Any]]:
    """The lines that are whole: a power cut may have torn the last one."""
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def first_said(entries: Iterable[Mapping[str, Any]], words: str, since: float) -> float | None:
    """When, after ``since``, a detector first said something with these words; None when none did."""
    times = (seconds(str(entry.get("time"))) for entry in entries if words in str(entry.get("said")))
    return min((at for at in times if at and at > since), default=None)
