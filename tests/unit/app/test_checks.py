"""Probing: bounded, isolated, never the reason for an outage."""

import asyncio
import threading
import time

import pytest

from app.checks import Check, Prober, Reading, Status, blocking, probe

WELL = Reading(Status.HEALTHY)


async def well() -> Reading:
    return WELL


async def hang() -> Reading:
    await asyncio.sleep(3600)
    return WELL


async def fail() -> Reading:
    raise ConnectionError("password=hunter2 at 10.0.0.1")


def test_a_critical_component_that_hangs_is_unhealthy_after_its_timeout() -> None:
    result = asyncio.run(probe(Check("records", hang, timeout=0.02, critical=True)))
    assert result.reading == Reading(Status.UNHEALTHY, "no answer within 0.02 s")
    assert result.latency < 1


def test_any_other_component_that_hangs_only_degrades() -> None:
    result = asyncio.run(probe(Check("models", hang, timeout=0.02)))
    assert result.reading.status is Status.DEGRADED


def test_a_component_that_is_not_critical_cannot_declare_the_service_unhealthy() -> None:
    async def alarm() -> Reading:
        return Reading(Status.UNHEALTHY, "gone")

    assert asyncio.run(probe(Check("models", alarm))).reading == Reading(Status.DEGRADED, "gone")


def test_the_message_of_a_failure_is_not_shown() -> None:
    result = asyncio.run(probe(Check("records", fail, critical=True)))
    assert result.reading == Reading(Status.UNHEALTHY, "check failed: ConnectionError")


def test_a_blocking_check_that_hangs_costs_one_thread_however_often_it_is_probed() -> None:
    release = threading.Event()
    runs = 0

    def measure() -> Reading:
        nonlocal runs
        runs += 1
        release.wait(10)
        return WELL

    async def scene() -> list[Status]:
        check = Check("disk", blocking(measure), timeout=0.02, critical=True)
        seen = [(await probe(check)).reading.status for _ in range(5)]
        release.set()
        seen.append((await probe(Check("disk", check.run, timeout=5))).reading.status)
        return seen

    assert asyncio.run(scene()) == [Status.UNHEALTHY] * 5 + [Status.HEALTHY]
    assert runs == 2


def test_one_slow_component_does_not_hold_up_the_others() -> None:
    probes = 0

    async def count() -> Reading:
        nonlocal probes
        probes += 1
        return WELL

    async def scene() -> float:
        prober = Prober([Check("slow", hang, timeout=0.2), Check("quick", count)], interval=0.01)
        started = time.monotonic()
        await prober.start()
        took = time.monotonic() - started
        await asyncio.sleep(0.15)
        await prober.stop()
        return took

    assert asyncio.run(scene()) < 1
    assert probes > 3


@pytest.mark.parametrize("turns", range(8))
def test_stopping_ends_at_whatever_moment_an_answer_comes(turns: int) -> None:
    """``asyncio.wait_for`` of Python 3.11 forgets that it was cancelled when the answer is there already."""

    async def scene() -> None:
        answer, never = asyncio.Event(), asyncio.Event()
        waits = iter([answer])

        async def slow() -> Reading:
            if prober.results:
                await next(waits, never).wait()
            return WELL

        prober = Prober([Check("slow", slow, timeout=60)], interval=0)
        await prober.start()
        await asyncio.sleep(0.01)
        answer.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await prober.stop()

    asyncio.run(scene())


def test_a_component_that_recovers_is_healthy_again() -> None:
    readings = [Reading(Status.UNHEALTHY), WELL]

    async def recover() -> Reading:
        return readings.pop(0) if len(readings) > 1 else readings[0]

    async def scene() -> list[Status]:
        prober = Prober([Check("records", recover, critical=True)], interval=0.01)
        await prober.start()
        seen = [prober.status]
        await asyncio.sleep(0.1)
        seen.append(prober.status)
        await prober.stop()
        return seen

    assert asyncio.run(scene()) == [Status.UNHEALTHY, Status.HEALTHY]


def test_nothing_is_known_before_the_first_probe() -> None:
    assert Prober([Check("records", well)], interval=1).status is Status.UNHEALTHY
