"""Background tasks end, also those that forget that they were told to."""

import asyncio
import logging

import pytest

from app import endings


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "AGAIN", 0.05)
    monkeypatch.setattr(endings, "WITHIN", 0.5)


async def deaf(times: int) -> None:
    """Forgets so many cancellations."""
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            times -= 1
            if times < 0:
                raise


@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_task_that_forgets_is_told_again(times: int) -> None:
    async def scene() -> bool:
        task = asyncio.create_task(deaf(times))
        await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            await endings.end([task])
        return task.cancelled()

    assert asyncio.run(scene())


def test_one_that_never_listens_is_left_and_told(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        task = asyncio.create_task(deaf(10))  # the eleventh comes from asyncio.run
        await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            await endings.end([task])

    with caplog.at_level(logging.ERROR):
        asyncio.run(scene())
    assert "tasks did not end" in caplog.text


def test_nothing_to_end_is_no_fault() -> None:
    asyncio.run(endings.end([]))
