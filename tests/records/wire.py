"""A wire between the service and its database that breaks, or brings bad news, at a chosen moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import Enum, auto

_PIECE = 65536
_HELD = 0.05
"""Seconds between a server's last words and the end of the connection, where a network is slow."""


class Ending(Enum):
    """How a connection ends: its server process is killed and can still say so, some time before the end is
    seen; or without a word, between two messages, within one, or by a reset.
    """

    KILLED = auto()
    CLOSED = auto()
    TORN = auto()
    RESET = auto()


class Wire:
    """Passes everything on, but for one connection: ``strike`` names the answer at which it ends, once.

    kill: ends every process of the server's that serves this wire
    """

    def __init__(self, port: int, kill: Callable[[], Awaitable[None]]) -> None:
        self.port = 0
        self.struck = False
        self._server_port = port
        self._kill = kill
        self._ending: Ending | None = None
        self._left = 0

    def strike(self, ending: Ending, after: int) -> None:
        """From now on let ``after`` pieces of answers pass, then end the connection that the next is for."""
        self._ending, self._left, self.struck = ending, after, False

    def spare(self) -> None:
        """Let everything pass."""
        self._ending = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        answers, questions = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            await asyncio.gather(_pass_on(reader, questions), self._answer(answers, writer))
        finally:
            questions.transport.abort()

    async def _answer(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await answers.read(_PIECE):
                if self._ending is None:
                    writer.write(piece)
                elif self._left > 0:
                    self._left -= 1
                    writer.write(piece)
                else:
                    ending, self._ending, self.struck = self._ending, None, True
                    await self._end(ending, piece, answers, writer)
                    break
        except OSError:
            pass
        finally:
            writer.close()

    async def _end(
        self, ending: Ending, piece: bytes, answers: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if ending is Ending.KILLED:
            await self._kill()
            writer.write(piece)
            try:
                # One who has not said who they are has no process that could be killed by name.
                async with asyncio.timeout(_HELD):
                    writer.write(await answers.read())
            except TimeoutError:
                return
            await asyncio.sleep(_HELD)
        elif ending is Ending.TORN:
            writer.write(piece[: max(1, len(piece) // 2)])
        elif ending is Ending.RESET:
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
    except OSError:
        pass


@asynccontextmanager
async def wire_to(port: int, kill: Callable[[], Awaitable[None]]) -> AsyncIterator[Wire]:
    """A wire to the server at ``port`` of this computer; its own end is ``Wire.port``."""
    wire = Wire(port, kill)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
