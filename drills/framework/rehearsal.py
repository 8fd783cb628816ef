"""Carries a drill out: nothing starts on a sick hospital, and none is left sick behind."""

import asyncio
from collections.abc import Callable

from drills.framework.hospital import Hospital
from drills.framework.registry import Drill
from drills.framework.report import Report
from drills.framework.stage import Stage, Take
from drills.framework.verdict import DrillError
from drills.framework.workload import Load

MOST_RUNS = 50


async def rehearse(
    drill: Drill,
    hospital: Hospital,
    runs: int,
    on_take: Callable[[Take], None] = lambda take: None,
    load: Load | None = None,
) -> Report:
    """Run ``drill`` ``runs`` times, one after another.

    Raises DrillError before anything is touched when the hospital is not healthy. Whatever happens later
    ends in the report, with the hospital restored; a run that was given up is followed by the next one as
    soon as the hospital is whole, by none when it stays sick. Cancellation restores too, and then goes on.
    """
    if not 1 <= runs <= MOST_RUNS:
        raise DrillError(f"--runs {runs}: choose from 1 to {MOST_RUNS}")
    if len(hospital.macs) < drill.macs:
        raise DrillError(f"{drill.name} needs {drill.macs} Macs, this hospital has {len(hospital.macs)}")
    if complaints := await hospital.complaints():
        raise DrillError(f"the hospital is not healthy, nothing was touched: {'; '.join(complaints)}")
    takes: list[Take] = []

    def keep(take: Take) -> None:
        takes.append(take)
        on_take(take)

    errors: list[str] = []
    try:
        for run in range(1, runs + 1):
            try:
                async with asyncio.timeout(drill.limit_s), drill.workload(hospital, load) as begin:
                    await drill.script(Stage(hospital, run, drill.budget, keep, begin))
            except DrillError as failure:
                errors.append(f"run {run}: {failure}" if runs > 1 else str(failure))
            except TimeoutError:
                errors.append(f"run {run} was given up after {drill.limit_s:g} s")
            else:
                continue
            if run < runs:
                await hospital.restore()  # what did not go well must not spoil the next run
    except DrillError as failure:
        errors.append(str(failure))
    finally:
        try:
            await hospital.restore()
        except DrillError as failure:
            errors.append(str(failure))
    return Report(drill.name, drill.story, drill.budget, takes, "; ".join(dict.fromkeys(errors)))
