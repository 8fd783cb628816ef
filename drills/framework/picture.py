"""A drill's timeline, readable at a glance: who held the address, who answered, who failed, and the gap."""

import os
from collections.abc import Sequence
from pathlib import Path

from lab.host import cache_folder

# What it remembers of fonts is ours to delete, and not the user's to find in ~/.config.
os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))

import matplotlib

matplotlib.use("Agg")  # no display where drills run

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from drills.framework.history import Outcome
from drills.framework.stage import Take

COLOURS = ("#2f6db3", "#e08a1e", "#6b7280", "#3f9b6c", "#8e5bb5")
BAD = "#c8102e"
BEFORE_S, AFTER_S = 2.0, 10.0
FAILED, SERVED, EDGE, HELD = "failed tries", "served by", "through edge", "address held by"
NAMED_PHASES = ("detected_s", "elected_s", "promoted_s")
"""Moments that a failover of the database leaves behind, drawn where they happened."""


def lanes_of(take: Take) -> list[str]:
    """From the bottom up; a database is not asked through which edge an answer came."""
    attempts = (attempt for operation in take.history.operations for attempt in operation.attempts)
    edges = any(attempt.edge for attempt in attempts)
    return [FAILED, SERVED, *([EDGE] if edges else []), HELD]


def worst_takes(takes: Sequence[Take]) -> list[Take]:
    """For each fault, as staged, its worst run: broken is worse than kept, then the longest gap."""
    faults = dict.fromkeys(take.fault for take in takes)
    return [
        max(
            (take for take in takes if take.fault == fault),
            key=lambda take: (bool(take.broken), take.findings.rto_s),
        )
        for fault in faults
    ]


def draw(name: str, takes: Sequence[Take], path: Path) -> None:
    """Write a PNG with one strip per fault, the worst of its runs; each clock starts at the fault."""
    worst = worst_takes(takes)
    colours = _colours(worst)
    figure, strips = plt.subplots(
        len(worst),
        1,
        figsize=(12, 0.9 + 1.75 * len(worst)),
        sharex=False,
        squeeze=False,
        layout="constrained",
    )
    for axes, take in zip(strips[:, 0], worst, strict=True):
        _draw_take(axes, take, colours)
    strips[-1, 0].set_xlabel("seconds since the fault")
    runs = len({take.run for take in takes})
    figure.suptitle(f"{name}: the worst of {runs} run{'s' if runs > 1 else ''}, fault by fault", fontsize=13)
    handles = [Patch(color=colour, label=machine) for machine, colour in colours.items()]
    handles += [Patch(color=BAD, label="failed try"), Patch(color=BAD, alpha=0.15, label="longest gap")]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _colours(takes: Sequence[Take]) -> dict[str, str]:
    names = {machine for take in takes for holding in take.holdings for machine in holding.machines}
    names |= {
        name
        for take in takes
        for operation in take.history.operations
        for attempt in operation.attempts
        for name in (attempt.machine, attempt.edge)
        if name
    }
    return {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(sorted(names))}


def _draw_take(axes: Axes, take: Take, colours: dict[str, str]) -> None:
    gap, zero = take.findings.gap, take.fault_at
    end = take.history.ended_at - zero
    last = min(end, max(AFTER_S, gap.end - zero + 2.0))
    lanes = lanes_of(take)
    for lane in range(len(lanes)):
        axes.axhspan(lane - 0.36, lane + 0.36, color="#f3f4f6", zorder=0)
    _draw_holders(axes, take, colours, lanes.index(HELD))
    attempts = [a for operation in take.history.operations for a in operation.attempts]
    right = [a for a in attempts if a.outcome is Outcome.OK]
    for who, name in ((SERVED, "machine"), (EDGE, "edge")):
        if who not in lanes:
            continue
        lane = lanes.index(who)
        axes.vlines(
            [a.ended_at - zero for a in right],
            lane - 0.32,
            lane + 0.32,
            colors=[colours.get(getattr(a, name), "#9ca3af") for a in right],
            linewidth=1.0,
        )
    bad = [a for a in attempts if a.outcome is not Outcome.OK]
    spans = [(a.started_at - zero, a.ended_at - a.started_at) for a in bad]
    axes.broken_barh(spans, (-0.32, 0.64), facecolors=BAD, alpha=0.12)
    axes.vlines([start for start, _ in spans], -0.32, 0.32, colors=BAD, linewidth=1.0)
    axes.axvspan(gap.start - zero, gap.end - zero, color=BAD, alpha=0.15, zorder=0.5, linewidth=0)
    axes.axvline(0, color="black", linewidth=1.4, zorder=5)
    for phase in NAMED_PHASES:
        if (at := take.phases.get(phase)) is not None:
            axes.axvline(at, color="#374151", linewidth=0.9, linestyle=":", zorder=4)
            word = phase.removesuffix("_s")
            axes.text(at, -0.55, word, rotation=90, fontsize=6, ha="right", va="bottom", color="#374151")
    axes.set_xlim(-BEFORE_S, max(last, 1.0))
    axes.set_ylim(-0.6, len(lanes) - 0.4)
    axes.set_yticks(range(len(lanes)), lanes, fontsize=9)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    verdict = "; ".join(take.broken) or "kept"
    axes.set_title(
        f"{take.fault} on {take.victim}: gap {gap.seconds:.2f} s, {take.findings.lost} lost, "
        f"{take.findings.wrong + take.findings.stale_reads} wrong, "
        f"{take.findings.failed_attempts} failed tries - {verdict}",
        loc="left",
        fontsize=10,
        color=BAD if take.broken else "black",
    )


def _draw_holders(axes: Axes, take: Take, colours: dict[str, str], lane: int) -> None:
    ends = [holding.at for holding in take.holdings[1:]] + [take.history.ended_at]
    for holding, until in zip(take.holdings, ends, strict=True):
        start, machines = holding.at - take.fault_at, sorted(holding.machines)
        for share, machine in enumerate(machines):
            height = 0.64 / len(machines)
            axes.broken_barh(
                [(start, until - holding.at)],
                (lane - 0.32 + share * height, height),
                facecolors=colours[machine],
                zorder=2,
            )
