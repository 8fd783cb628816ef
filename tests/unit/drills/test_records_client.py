"""A clerk who gives up leaves nothing behind that nobody asks for, whenever that is."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest

from drills.framework.records_client import Clerk, RecordsDoor

pytestmark = pytest.mark.asyncio

_TLS_IS_WELCOME = b"S"


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[RecordsDoor]:
    """A database that answers the first question with ``answer`` and then says nothing for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever is in the middle of a handshake goes by a reset: no matter here.
        with suppress(ConnectionError):
            await reader.read(8)
            writer.write(answer)
            await reader.read()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    yield RecordsDoor("127.0.0.1", port, "records", "medical_app", "password", tls)
    listening.close()


async def turn(times: int) -> None:
    """Let the event loop turn so often."""
    for _ in range(times):
        await asyncio.sleep(0)


def listen() -> list[dict[str, Any]]:
    """What the running event loop will complain of: exceptions that nobody asked for."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    return complaints


@pytest.mark.parametrize("answer", [b"", _TLS_IS_WELCOME], ids=["silent", "in the handshake"])
async def test_a_connection_that_is_given_up_while_it_opens_is_not_heard_of_again(
    answer: bytes,
) -> None:
    unheard = listen()
    async with server(answer) as door:
        for turns in range(60):
            clerk = Clerk("writer", door, str)
            looking = asyncio.create_task(clerk.look(str(uuid4()), 5.0))
            await turn(turns)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            clerk.hang_up()
            await turn(5)
        await asyncio.sleep(0.05)
        gc.collect()
        await turn(2)
    assert unheard == []


async def test_whoever_waits_is_still_told_that_the_server_hung_up() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.close()

    listening = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    clerk = Clerk("writer", RecordsDoor("127.0.0.1", port, "records", "medical_app", "password", tls), str)
    attempt, ack, doubtful = await clerk.write(str(uuid4()), 5.0)
    assert (attempt.error, ack, doubtful) == ("reset", None, False)
    assert attempt.ended_at - attempt.started_at < 4
    listening.close()
