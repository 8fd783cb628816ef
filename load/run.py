"""The load itself: everybody works at their own pace for a while, then every write is looked for.

Closed loop: nobody asks the next thing before the last was answered. Each person acts every ``users / rate``
on average; who was answered late goes on at once: a slow hospital shows as fewer requests and longer waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic

from load import ledger
from load.clinician import Clinician, SetupError
from load.ledger import Found, Ledger
from load.measure import Measures
from load.mix import Shift, next_deed

_PATIENTS = 4
"""Whose charts everybody works with from the beginning; more join by searching."""
_TRIES = 12


@dataclass(frozen=True)
class Orders:
    """``per_minute``: requests of all together; ``seconds``: how long; ``seed``: of all choices."""

    per_minute: float
    seconds: float
    seed: int = 1


@dataclass(frozen=True)
class Outcome:
    """Everything that was measured. ``seconds``: how long it really took."""

    measures: Measures
    found: Found
    seconds: float
    failed_tries: int


async def run(people: Sequence[Clinician], orders: Orders) -> Outcome:
    """Let everybody work, then check what they wrote. Raises SetupError."""
    book, measures = Ledger(), Measures()
    shifts = [Shift(one, book, Random(f"{orders.seed}/{one.username}")) for one in people]  # noqa: S311
    await _round(shifts)
    before = sum(one.device.failed_tries for one in people)
    started = monotonic()
    await asyncio.gather(*(_work(one, orders, len(shifts), started, measures) for one in shifts))
    took = monotonic() - started
    failed = sum(one.device.failed_tries for one in people) - before
    return Outcome(measures, await ledger.check(book, people), took, failed)


async def _round(shifts: Sequence[Shift]) -> None:
    """Everybody finds the first patients of their day; not measured."""
    gate = asyncio.Semaphore(8)

    async def find(one: Shift) -> None:
        async with gate:
            for _ in range(_TRIES):
                if len(one.clinician.patients) >= _PATIENTS:
                    return
                await one.search()
            if not one.clinician.patients:
                raise SetupError("no patient could be found: is the hospital's register empty?")

    await asyncio.gather(*(find(one) for one in shifts))


async def _work(one: Shift, orders: Orders, people: int, started: float, measures: Measures) -> None:
    period = 60.0 * people / orders.per_minute
    due = started + one.random.random() * period
    end = started + orders.seconds
    while due < end:
        await asyncio.sleep(max(0.0, due - monotonic()))
        woke = monotonic()
        measures.stall_s = max(measures.stall_s, woke - due)
        if (renewed := await one.clinician.stay()) is not None:
            measures.note("renew session", woke - started, renewed)
        name, deed = next_deed(one.random)
        measures.note(name, monotonic() - started, await deed(one))
        # Between half and one and a half periods of thinking; who was kept waiting thinks less.
        due = max(due + period * (0.5 + one.random.random()), monotonic())
