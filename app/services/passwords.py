"""Argon2id. Hashing costs memory and time on purpose, so it has a queue of its own."""

import asyncio
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_MEMORY_KIB = 47_104
"""OWASP's first choice (46 MiB, one pass): about 40 ms on a core of the lab."""
_AT_ONCE = 2
"""More would take memory and cores from the requests of everybody else when a shift begins."""


class Passwords:
    """Makes and checks hashes, a few at a time, outside of the event loop."""

    def __init__(self, memory_kib: int = _MEMORY_KIB) -> None:
        self._hasher = PasswordHasher(time_cost=1, memory_cost=memory_kib, parallelism=1)
        self._queue = asyncio.Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """A salted hash with its parameters in it."""
        async with self._queue:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether ``kept`` was made of ``password``. None is nobody's: it takes as long and never matches."""
        if kept is None:
            if self._nobody is None:
                self._nobody = await self.hash("nobody's")
            await self.matches(self._nobody, password)
            return False
        async with self._queue:
            return await asyncio.to_thread(self._verify, kept, password)

    async def is_one_of(self, kept: Iterable[str], password: str) -> bool:
        """Whether any of ``kept`` was made of ``password``."""
        for one in kept:
            if await self.matches(one, password):
                return True
        return False

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
