"""Steady load, as a ward's phones make it: they ask on their own schedule, whatever the hospital does.

Open loop: a stalled hospital does not slow the questions down, so an outage is seen by every request that
falls into it. Bounded: at most ``rate * deadline`` requests are in flight, and a load ends by itself.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING

from drills.framework.checker import check
from drills.framework.client import Door, Phone
from drills.framework.history import Attempt, History, Operation, Outcome
from drills.framework.workload import Begin, Load, Proof

if TYPE_CHECKING:
    from drills.framework.hospital import Hospital

LONGEST_LOAD_S = 600.0
"""A forgotten load stops by itself."""


async def ask_until_answered(phone: Phone, load: Load, invoked_at: float) -> Operation:
    """One request: retried until the right answer, a wrong one, or the deadline.

    A wrong answer is never retried: the clinician has already read it.
    """
    question = str(uuid.uuid4())
    deadline = invoked_at + load.deadline_s
    attempts: list[Attempt] = []
    while (left := deadline - monotonic()) > 0:
        attempts.append(await phone.attempt(question, min(load.attempt_s, left)))
        if attempts[-1].outcome is not Outcome.FAILED:
            break
        await asyncio.sleep(load.pause_s)
    outcome = attempts[-1].outcome if attempts else Outcome.FAILED
    completed_at = attempts[-1].ended_at if attempts else monotonic()
    if outcome is Outcome.OK and completed_at > deadline:
        outcome = Outcome.FAILED  # an answer after the deadline helps nobody
    return Operation(question, phone.name, invoked_at, completed_at, outcome, tuple(attempts))


class Traffic:
    """A running load. ``start`` it, watch ``last_answer_at``, ``stop`` it for its complete history."""

    def __init__(self, door: Door, load: Load | None = None) -> None:
        self.load = load or Load()
        self.history = History(0.0, 0.0)
        self.last_answer_at = float("-inf")
        self.client_stall_s = 0.0
        self._phones = [
            Phone(
                f"{'keep-alive' if index % 2 else 'reconnecting'}-{index}", door, keep_alive=bool(index % 2)
            )
            for index in range(self.load.phones)
        ]
        self._in_flight: set[asyncio.Task[None]] = set()
        self._schedule: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin asking; the history begins now."""
        self.history.started_at = monotonic()
        self._schedule = asyncio.create_task(self._keep_schedule())

    async def stop(self) -> History:
        """Ask no more, wait for every open request to end by its own deadline, and return the history."""
        self.history.ended_at = monotonic()
        await self._end_schedule()
        try:
            await asyncio.gather(*self._in_flight)
        finally:
            self._hang_up()
        return self.history

    async def abandon(self) -> None:
        """Stop at once; the history is incomplete and must not be judged."""
        await self._end_schedule()
        self._hang_up()

    async def proof(self, struck_at: float) -> Proof:
        """What the phones found; the answers are their own proof."""
        return Proof(check(self.history, struck_at))

    async def _end_schedule(self) -> None:
        if self._schedule:
            self._schedule.cancel()
            await asyncio.gather(self._schedule, return_exceptions=True)

    def _hang_up(self) -> None:
        for task in self._in_flight:
            task.cancel()
        for phone in self._phones:
            phone.hang_up()

    async def _keep_schedule(self) -> None:
        period = 1.0 / self.load.rate
        for number in range(int(LONGEST_LOAD_S * self.load.rate)):
            due = self.history.started_at + number * period
            await asyncio.sleep(max(0.0, due - monotonic()))
            self.client_stall_s = max(self.client_stall_s, monotonic() - due)
            task = asyncio.create_task(self._record(self._phones[number % len(self._phones)], due))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _record(self, phone: Phone, invoked_at: float) -> None:
        operation = await ask_until_answered(phone, self.load, invoked_at)
        if operation.outcome is Outcome.OK:
            self.last_answer_at = max(self.last_answer_at, operation.completed_at)
        self.history.operations.append(operation)


@asynccontextmanager
async def phones(hospital: Hospital, load: Load | None) -> AsyncIterator[Begin]:
    """The kind of load that asks the service over HTTP; leaves nothing behind."""
    yield lambda: Traffic(hospital.door, load)
