"""A clinician's device: asks until it is answered, and never does a thing twice by asking again.

A try that got no answer, or a 503, is repeated as it was, under the same Idempotency-Key: that is what the
hospital's own app does, and what makes a failover a slow request instead of a lost one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import h11

from drills.framework.client import Answer, Connection, Door

ATTEMPT_S, DEADLINE_S, PAUSE_S = 4.0, 15.0, 0.2
"""One try, all tries, and the pause between two."""
_LATER = frozenset({502, 503, 504})
_IDLE_S = 60.0
"""Less than service and edge keep an idle connection."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request ended: its last answer (None: nobody answered), and how many seconds it took."""

    answer: Answer | None
    seconds: float
    tries: int

    @property
    def status(self) -> int:
        """Of HTTP; 0 when nobody answered."""
        return self.answer.status if self.answer else 0

    @property
    def content(self) -> Any:
        """The JSON that was answered; None for anything else."""
        with suppress(ValueError):
            return json.loads(self.answer.body) if self.answer else None
        return None

    @property
    def version(self) -> str | None:
        """The ETag of what was read or written."""
        return self.answer.headers.get("etag") if self.answer else None


@dataclass
class Device:
    """One device, one connection, one request at a time."""

    door: Door
    token: str = field(default="", repr=False)
    failed_tries: int = 0
    _connection: Connection | None = field(default=None, repr=False)
    _used_at: float = 0.0

    async def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request below ``/api/v1``, repeated until its deadline. Raises nothing of the network."""
        lines = {"Accept": "application/json", **(headers or {})}
        if self.token:
            lines["Authorization"] = f"Bearer {self.token}"
        sent = b"" if body is None else json.dumps(body).encode()
        if sent:
            lines["Content-Type"] = "application/json"
        started, tries, answer = monotonic(), 0, None
        while (left := DEADLINE_S - (monotonic() - started)) > 0:
            tries += 1
            answer = await self._try(method, f"/api/v1{path}", lines, sent, min(ATTEMPT_S, left))
            if answer is not None and answer.status not in _LATER:
                break
            self.failed_tries += 1
            await asyncio.sleep(PAUSE_S)
        return Reply(answer, monotonic() - started, tries)

    def hang_up(self) -> None:
        """Let go of the connection."""
        if self._connection:
            self._connection.drop()
        self._connection = None

    async def _try(
        self, method: str, path: str, lines: Mapping[str, str], sent: bytes, timeout: float
    ) -> Answer | None:
        if monotonic() - self._used_at > _IDLE_S:
            self.hang_up()
        try:
            async with asyncio.timeout(timeout):
                if self._connection is None:
                    self._connection = await Connection.open(self.door)
                answer = await self._connection.exchange(method, path, lines, sent)
        except (OSError, h11.ProtocolError):  # TimeoutError is an OSError
            self.hang_up()
            return None
        except BaseException:
            self.hang_up()
            raise
        self._used_at = monotonic()
        if not self._connection.reusable():
            self.hang_up()
        return answer
