"""How background tasks are ended."""

import asyncio
import logging
from collections.abc import Iterable

logger = logging.getLogger(__name__)

AGAIN = 0.5
WITHIN = 10.0
"""Seconds: until a task is cancelled once more, and until it is left to the end of the process."""


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until they have ended.

    Once is not enough: what runs deep below them forgets a cancellation that comes at the wrong moment
    (``wait_for`` of Python 3.11 when the answer is there, a driver that gives up its connection), and whoever
    waited for such a task would wait for ever.
    """
    left = set(tasks)
    for _ in range(round(WITHIN / AGAIN)):
        for task in left:
            task.cancel()
        if not left:
            return
        _, left = await asyncio.wait(left, timeout=AGAIN)
    logger.error("tasks did not end", extra={"tasks": len(left)})
