"""A ward's computer, as far as the medical records are concerned: writes notes, and looks them up again."""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]
from asyncpg import connect_utils

from drills.framework.history import Attempt, Outcome
from drills.framework.records_checker import Ack

# A try that failed may have been done after all, so the next one of the same note must not make a second. It
# writes all the same: a transaction that wrote nothing would be acknowledged without waiting for the standby,
# and with it the earlier one, which perhaps only the old primary has.
WRITE = """
WITH written AS (
    INSERT INTO drill_writes (id, writer) VALUES ($1, $2)
    ON CONFLICT (id) DO UPDATE SET tries = drill_writes.tries + 1 RETURNING id, tries
), copied AS (
    INSERT INTO drill_copies SELECT id FROM written WHERE tries = 1
)
SELECT host(inet_server_addr()) AS server, pg_walfile_name(pg_current_wal_lsn()) AS file FROM written
"""
LOOK = "SELECT count(*) FROM drill_writes WHERE id = $1"
NOT_REPLICATED = "wait for synchronous replication"
"""In the warning under which PostgreSQL acknowledges what only the primary has."""

UNANSWERED = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement may end in when the network or the database fails; a timeout is an OSError.

The last is what asyncpg says of a connection whose server left in the middle of an answer.
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RecordsDoor:
    """Where the records answer, as an application reaches them."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    tls: ssl.SSLContext = field(repr=False)


class _Named(ssl.SSLContext):
    """Asks for a certificate of one name, whatever address the connection was made to."""

    name = ""

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """As its parent's, for our name."""
        return super().wrap_bio(*arguments, **{**options, "server_hostname": self.name})


def trusting(authority: Path, server_name: str) -> ssl.SSLContext:
    """A context that accepts TLS 1.3 alone, and a certificate of this authority for this name alone."""
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.name = server_name
    context.load_verify_locations(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


class _Upgrade(connect_utils.TLSUpgradeProto):  # type: ignore[misc]
    """asyncpg's first words with a server, with an end that need not be waited for.

    asyncpg 0.32 waits for its future once the connection is open. Whoever gives up while it opens, as a try
    with a few milliseconds left does, leaves a future behind that is told of the end and that nobody asks.
    """

    def connection_lost(self, error: Exception | None) -> None:
        """As its parent's; who does wait for the future is told as before."""
        super().connection_lost(error)
        if not self.on_data.cancelled():
            self.on_data.exception()


connect_utils.TLSUpgradeProto = _Upgrade


class Clerk:
    """One connection, made again whenever it breaks; one statement at a time."""

    def __init__(self, name: str, door: RecordsDoor, machine_of: Callable[[str], str]) -> None:
        self.name = name
        self._door = door
        self._machine_of = machine_of
        self._connection: asyncpg.Connection | None = None
        self._warned = False

    async def write(self, note: str, timeout: float) -> tuple[Attempt, Ack | None, bool]:
        """One try of at most ``timeout`` seconds: the try, its acknowledgement, whether its end is unknown.

        Never raises for what the network or the database does.
        """
        started_at = monotonic()
        sent = False
        try:
            connection = await self._connected(timeout)
            sent, self._warned = True, False
            left = timeout - (monotonic() - started_at)
            row = await self._within(left, connection.fetchrow(WRITE, uuid.UUID(note), self.name))
        except UNANSWERED as error:
            self.hang_up()
            failed = Attempt(started_at, monotonic(), Outcome.FAILED, error=_in_a_word(error))
            return failed, None, sent and not isinstance(error, _REFUSED)
        at = monotonic()
        if row is None or self._warned:
            return Attempt(started_at, at, Outcome.FAILED, error="not replicated"), None, True
        ack = Ack(note, started_at, at, row["server"], int(row["file"][:8], 16))
        return Attempt(started_at, at, Outcome.OK, self._machine_of(ack.server)), ack, False

    async def look(self, note: str, timeout: float) -> bool | None:
        """Whether a note is there; None when nobody could say."""
        try:
            connection = await self._connected(timeout)
            return bool(await self._within(timeout, connection.fetchval(LOOK, uuid.UUID(note))))
        except UNANSWERED:
            self.hang_up()
            return None

    async def rows(self, statement: str, timeout: float) -> list[Any]:
        """Every row of a query; raises one of :data:`UNANSWERED`."""
        connection = await self._connected(timeout)
        return list(await self._within(timeout, connection.fetch(statement)))

    def hang_up(self) -> None:
        """Let go at once. Never a polite cancel: that would end the wait for the standby, not the write."""
        if self._connection:
            self._connection.terminate()
        self._connection = None

    async def _connected(self, timeout: float) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            door = self._door
            async with asyncio.timeout(timeout):
                self._connection = await asyncpg.connect(
                    host=door.host,
                    port=door.port,
                    database=door.database,
                    user=door.user,
                    password=door.password,
                    ssl=door.tls,
                    timeout=timeout + 1,
                )
            self._connection.add_log_listener(self._warn)
        return self._connection

    async def _within(self, timeout: float, answer: Awaitable[T]) -> T:
        task = asyncio.ensure_future(answer)
        done: set[asyncio.Task[T]] = set()
        try:
            done, _ = await asyncio.wait({task}, timeout=max(timeout, 0.0))
        finally:
            if not done:
                await self._give_up(task)
        if not done:
            raise TimeoutError
        return task.result()

    async def _give_up(self, task: asyncio.Task[T]) -> None:
        """End the connection under ``task``, and look at what it ends in, for nobody else will."""
        self.hang_up()
        await asyncio.wait({task}, timeout=1.0)
        if not task.cancel() and not task.cancelled():
            task.exception()

    def _warn(self, _: Any, message: Any) -> None:
        if NOT_REPLICATED in str(message.message):
            self._warned = True


_REFUSED = (
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedTableError,
    asyncpg.CannotConnectNowError,
)
"""Answers after which nothing was done, for certain."""


def _in_a_word(error: Exception) -> str:
    """A short name that groups the same failure together in a table."""
    words: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        (TimeoutError, "timeout"),
        (ssl.SSLCertVerificationError, "certificate refused"),
        (ConnectionRefusedError, "refused"),
        (asyncpg.ReadOnlySQLTransactionError, "read only"),
        (asyncpg.CannotConnectNowError, "starting or stopping"),
        (asyncpg.AdminShutdownError, "shut down"),
        (asyncpg.PostgresConnectionError, "reset"),
        (asyncpg.PostgresError, type(error).__name__.removesuffix("Error")),
        ((ConnectionError, ssl.SSLError, asyncpg.InterfaceError), "reset"),
    ]
    return next((word for kind, word in words if isinstance(error, kind)), "unreachable")
