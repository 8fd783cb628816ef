"""What may be looked at from outside: /metrics for Prometheus, /status for people. Nothing can be changed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable

_WITHIN = 2.0
"""Seconds a client has for its question."""
_LONGEST = 4096
_AT_ONCE = 16


class Window:
    """A tiny HTTP server; ``pages`` make their text when somebody asks."""

    def __init__(self, pages: dict[str, Callable[[], str]]) -> None:
        self._pages, self._open = pages, 0

    async def serve(self, address: str, port: int) -> None:
        """For ever. Raises OSError while the machine has no such address yet."""
        server = await asyncio.start_server(self._answer, address, port, limit=_LONGEST)
        async with server:
            await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= _AT_ONCE:
                await asyncio.wait_for(self._converse(reader, writer), _WITHIN)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that went away, or that is none
        finally:
            self._open -= 1
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        words = head.split(b"\r\n", 1)[0].decode("ascii", "replace").split()
        page = self._pages.get(words[1].split("?")[0]) if len(words) == 3 and words[0] == "GET" else None
        body = (page() if page else "there is /metrics and /status\n").encode()
        status = "200 OK" if page else "404 Not Found"
        kind = "application/json" if body[:1] == b"{" else "text/plain; version=0.0.4"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()


def as_json(document: object) -> str:
    """A page of JSON."""
    return json.dumps(document, default=str) + "\n"
