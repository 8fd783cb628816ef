"""What one request in a thousand needs: loaded by the first that does, in a thread, so that only it waits."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Later(Generic[Made]):
    """One thing, made by ``make`` when it is first awaited: ``tools = await later()``.

    Two that ask at once may both make it; one of theirs stays. What ``make`` raises is raised and forgotten.
    Await it before a transaction begins: loading a library may take a second on a busy machine.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._made: Made | None = None

    async def __call__(self) -> Made:
        """The thing."""
        if self._made is None:
            self._made = await asyncio.to_thread(self._make)
        return self._made
