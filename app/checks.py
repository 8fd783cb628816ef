"""Component checks: probed in the background, so that no slow component can hold up an answer.

``/ready`` and ``/health`` only read the latest results. Another component joins by one more :class:`Check`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

from app.endings import end

logger = logging.getLogger(__name__)


class Status(StrEnum):
    """How well something works. Degraded is not down."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True)
class Reading:
    """What a check saw: its verdict and, for people, the figures behind it (never patients' data)."""

    status: Status
    detail: str = ""


@dataclass(frozen=True)
class Check:
    """One component of the service.

    ``run`` may be cancelled after ``timeout`` seconds. Without a ``critical`` component the service cannot
    serve: its failure is unhealthy. Any other component's failure only degrades the service.

    A ``shared`` component is the other Mac's too: when it fails, sending requests there helps nobody, so this
    service stays in reach and says itself what it cannot do.
    """

    name: str
    run: Callable[[], Awaitable[Reading]]
    timeout: float = 1.0
    critical: bool = False
    shared: bool = False

    @property
    def failure(self) -> Status:
        """The verdict when the component fails or does not answer."""
        return Status.UNHEALTHY if self.critical else Status.DEGRADED


@dataclass(frozen=True)
class Result:
    """A reading, the seconds it took and when it ended (``time.monotonic``)."""

    reading: Reading
    latency: float
    at: float


def blocking(measure: Callable[[], Reading]) -> Callable[[], Awaitable[Reading]]:
    """A check from a function that may block. It owns one thread: however often it hangs, it costs one."""
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="check")

    async def run() -> Reading:
        return await asyncio.get_running_loop().run_in_executor(thread, measure)

    return run


async def probe(check: Check) -> Result:
    """Run ``check`` once, bounded by its timeout. Never raises: a failure is a result."""
    started = time.monotonic()
    try:
        # Not wait_for: in Python 3.11 it forgets a cancellation that meets the answer, and stop() would hang.
        async with asyncio.timeout(check.timeout):
            reading = await check.run()
    except TimeoutError:
        reading = Reading(check.failure, f"no answer within {check.timeout:g} s")
    except Exception as error:
        # Only the type: the message of a driver may carry an address, a password or a patient's name.
        reading = Reading(check.failure, f"check failed: {type(error).__name__}")
    if reading.status is Status.UNHEALTHY and not check.critical:
        reading = Reading(Status.DEGRADED, reading.detail)
    ended = time.monotonic()
    return Result(reading, ended - started, ended)


FIRST_ANSWER = 60.0
"""Seconds that a service waits, before it offers itself, for a shared critical component that has not worked
since it started: longer than a new release has to become ready, so that one with a wrong password is taken
back; short enough for a service that starts while the component is down."""


@dataclass
class Prober:
    """Keeps the latest result of every check: one task each, so that none waits for another."""

    checks: Sequence[Check]
    interval: float
    results: dict[str, Result] = field(default_factory=dict)
    _worked: set[str] = field(default_factory=set)
    _started: float = field(default_factory=time.monotonic)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Probe everything once (bounded by the longest timeout), then again every ``interval`` seconds."""
        self._started = time.monotonic()
        await asyncio.gather(*(self._refresh(check) for check in self.checks))
        self._tasks = [asyncio.create_task(self._watch(check)) for check in self.checks]

    async def stop(self) -> None:
        """End the background tasks."""
        await end(self._tasks)

    @property
    def status(self) -> Status:
        """The worst status of all components; unhealthy until every check has answered once."""
        seen = {result.reading.status for result in self.results.values()}
        if len(self.results) < len(self.checks) or Status.UNHEALTHY in seen:
            return Status.UNHEALTHY
        return Status.DEGRADED if Status.DEGRADED in seen else Status.HEALTHY

    @property
    def fit(self) -> bool:
        """Whether requests are better sent here than nowhere: every check has answered once, what is this
        machine's own works, and what is shared has worked before (or was waited for long enough)."""
        if len(self.results) < len(self.checks):
            return False
        patience_is_over = time.monotonic() - self._started > FIRST_ANSWER
        return all(
            self.results[check.name].reading.status is not Status.UNHEALTHY
            or (check.shared and (check.name in self._worked or patience_is_over))
            for check in self.checks
        )

    async def _watch(self, check: Check) -> None:
        while True:
            await asyncio.sleep(self.interval)
            await self._refresh(check)

    async def _refresh(self, check: Check) -> None:
        result = await probe(check)
        before = self.results.get(check.name)
        self.results[check.name] = result
        if result.reading.status is not Status.UNHEALTHY:
            self._worked.add(check.name)
        if before is None or before.reading.status is not result.reading.status:
            level = logging.INFO if result.reading.status is Status.HEALTHY else logging.WARNING
            logger.log(
                level,
                "component status changed",
                extra={
                    "component": check.name,
                    "status": str(result.reading.status),
                    "detail": result.reading.detail,
                },
            )
