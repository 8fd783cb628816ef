"""The result of a drill: JSON in the shape every drill shares, and a table for the person who waits."""

import json
import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from drills.framework.history import Outcome
from drills.framework.stage import Take
from drills.framework.verdict import Budget

Json = dict[str, Any]
STALL_S = 0.2


def describe_computer() -> str:
    """Cores, memory and kernel of the computer the drill ran on; nothing that says whose it is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = platform.release().split("-")[0]
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {kernel} {platform.machine()}"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured.

    error: why the drill was given up before its end, empty when it was not
    """

    name: str
    story: str
    budget: Budget
    takes: Sequence[Take]
    error: str = ""

    @property
    def kept(self) -> bool:
        """True when every scene kept its budget and the drill reached its end."""
        return not self.error and bool(self.takes) and not any(take.broken for take in self.takes)

    def as_json(self) -> Json:
        """The agreed shape, seconds rounded to the millisecond.

        The worst time is over all scenes; the median leaves out those with a budget of their own, such as a
        machine's return, which would flatter it.
        """
        times = [take.findings.rto_s for take in self.takes]
        faults = [take.findings.rto_s for take in self.takes if take.budget == self.budget] or times
        return {
            "name": self.name,
            "machine": describe_computer(),
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "story": self.story,
            "budget": asdict(self.budget),
            "kept": self.kept,
            "error": self.error,
            "runs": [_take_as_json(take) for take in self.takes],
            "max_rto_s": _milliseconds(max(times, default=None)),
            "median_rto_s": _milliseconds(median(faults) if faults else None),
            "lost": sum(take.findings.lost for take in self.takes),
        }

    def write(self, folder: Path) -> Path:
        """Write ``<name>.json`` into ``folder``, whole or not at all; returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        draft = path.with_suffix(".json.part")
        draft.write_text(json.dumps(self.as_json(), indent=2) + "\n")
        draft.replace(path)
        return path

    def as_table(self) -> Table:
        """One line per scene; what broke the budget is said in words."""
        table = Table(title=f"{self.name}: {'budget kept' if self.kept else 'BUDGET BROKEN'}")
        for heading in ("run", "fault", "victim", "held by"):
            table.add_column(heading, no_wrap=heading != "held by")
        for heading in ("gap s", "moved s", "answered", "lost", "twice", "wrong", "failed tries"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("verdict")
        for take in self.takes:
            found, moved = take.findings, take.phases["address_moved_s"]
            table.add_row(
                str(take.run),
                take.fault,
                take.victim,
                " > ".join(held_by(take)),
                f"{found.rto_s:.2f}",
                "-" if moved is None else f"{moved:.2f}",
                *map(str, (found.acked, found.lost, found.duplicated, found.wrong, found.failed_attempts)),
                "; ".join(take.broken) or _praise(take) + _excuse(take),
                style="red" if take.broken else None,
            )
        return table

    def phases_table(self) -> Table:
        """Shortest, median and longest of each phase, fault by fault, in seconds since the fault."""
        table = Table(title=f"{self.name}: phases, seconds since the fault")
        for heading in ("fault", "phase"):
            table.add_column(heading, no_wrap=True)
        for heading in ("runs", "min", "median", "max"):
            table.add_column(heading, justify="right", no_wrap=True)
        for (fault, phase), times in spread(self.takes).items():
            table.add_row(
                fault,
                phase.removesuffix("_s"),
                str(len(times)),
                *(f"{of(times):.2f}" for of in (min, median, max)),
            )
        return table


def spread(takes: Sequence[Take]) -> dict[tuple[str, str], list[float]]:
    """Every measured time of each phase by (fault, phase), the gap itself last."""
    found: dict[tuple[str, str], list[float]] = {}
    for fault in dict.fromkeys(take.fault for take in takes):
        runs = [take for take in takes if take.fault == fault]
        for phase in dict.fromkeys(phase for take in runs for phase in take.phases):
            times = [seconds for take in runs if (seconds := take.phases.get(phase)) is not None]
            if times:
                found[fault, phase] = times
        found[fault, "gap"] = [take.findings.rto_s for take in runs]
    return found


def held_by(take: Take) -> list[str]:
    """The holders of the address in order, ``nobody`` and ``a+b`` included."""
    return ["+".join(sorted(holding.machines)) or "nobody" for holding in take.holdings]


def _praise(take: Take) -> str:
    goal = take.budget.goal_s
    if goal is None:
        return "kept"
    return f"kept, goal {goal:g} s {'met' if take.findings.rto_s < goal else 'missed'}"


def _excuse(take: Take) -> str:
    """Said when the measuring computer was itself part of the measured gap."""
    return f" (load stalled {take.client_stall_s:.2f} s)" if take.client_stall_s > STALL_S else ""


def _take_as_json(take: Take) -> Json:
    attempts = [attempt for operation in take.history.operations for attempt in operation.attempts]
    return {
        "run": take.run,
        "fault": take.fault,
        "victim": take.victim,
        "rto_s": _milliseconds(take.findings.rto_s),
        "acked": take.findings.acked,
        "lost": take.findings.lost,
        "duplicated": take.findings.duplicated,
        "wrong": take.findings.wrong,
        "failed_attempts": take.findings.failed_attempts,
        "phases": {name: _milliseconds(seconds) for name, seconds in take.phases.items()},
        "address_moves": take.address_moves,
        "holders": [
            {"at_s": _milliseconds(holding.at - take.fault_at), "machines": sorted(holding.machines)}
            for holding in take.holdings
        ],
        "answers_by_edge": _count(a.edge or "unknown" for a in attempts if a.outcome is Outcome.OK),
        "answers_by_machine": _count(a.machine or "unknown" for a in attempts if a.outcome is Outcome.OK),
        "failures": _count(a.error for a in attempts if a.outcome is not Outcome.OK),
        "client_stall_s": _milliseconds(take.client_stall_s),
        "computer_load": round(take.computer_load, 1),
        **_of_writers(take),
        "budget": asdict(take.budget),
        "broken": take.broken,
    }


def _of_writers(take: Take) -> Json:
    """What only the records' load measures; nothing for another."""
    found = take.findings
    if found.shared_gap_s is None:
        return {}
    return {
        "given_up": found.given_up,
        "doubtful": found.doubtful,
        "stale_reads": found.stale_reads,
        "split_brains": found.split_brains,
        "timelines": list(found.timelines),
        "shared_gap_s": _milliseconds(found.shared_gap_s),
        "client_gaps_s": [_milliseconds(gap) for gap in found.client_gaps_s],
        "unproved": found.unproved,
    }


def _count(words: Any) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
