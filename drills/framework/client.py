"""A clinician's phone, as far as HTTP is concerned: over TLS 1.3, an answer checked against its question."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import h11

from drills.framework.history import Attempt, Outcome


@dataclass(frozen=True, slots=True)
class Door:
    """Where the hospital answers: an address and port, and the name its certificate must carry."""

    address: str
    server_name: str
    tls: ssl.SSLContext
    port: int = 443


def trusting(authority: Path) -> ssl.SSLContext:
    """A context that accepts TLS 1.3 alone and certificates of this authority alone."""
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


def judge(answer: Answer, question: str) -> tuple[Outcome, str]:
    """The outcome of an answer and, when it is not OK, the reason in a word or two."""
    if answer.status != 200:
        return Outcome.FAILED, f"status {answer.status}"
    try:
        value = json.loads(answer.body)["value"]
    except (ValueError, KeyError, TypeError):
        return Outcome.WRONG, "not an echo"
    return (Outcome.OK, "") if value == question else (Outcome.WRONG, "another request's answer")


class Connection:
    """One TLS connection; answers come in the order of the questions or not at all."""

    def __init__(self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._door = door
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)

    @classmethod
    async def open(cls, door: Door) -> "Connection":
        """Raises OSError (ssl.SSLError included) when the door does not open."""
        reader, writer = await asyncio.open_connection(
            door.address, door.port, ssl=door.tls, server_hostname=door.server_name
        )
        return cls(door, reader, writer)

    async def ask(self, question: str) -> Answer:
        """The answer to one GET; raises what ``exchange`` raises."""
        return await self.exchange("GET", f"/api/v1/ping?value={quote(question)}")

    async def exchange(
        self, method: str, target: str, lines: Mapping[str, str] | None = None, content: bytes = b""
    ) -> Answer:
        """The answer to one request; raises OSError or h11.ProtocolError when the connection dies first."""
        sent = {"Host": self._door.server_name, **(lines or {})}
        if content or method != "GET":
            sent["Content-Length"] = str(len(content))
        request = h11.Request(method=method, target=target, headers=list(sent.items()))
        parts = [self._http.send(request), content and self._http.send(h11.Data(data=content))]
        self._writer.write(b"".join(one for one in (*parts, self._http.send(h11.EndOfMessage())) if one))
        status, headers, body = 0, {}, bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(65536))
            elif isinstance(event, h11.Response):
                status = event.status_code
                headers = {name.decode().lower(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return Answer(status, headers, bytes(body))
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("closed before the answer")

    def reusable(self) -> bool:
        """True when another question may follow; prepares the connection for it."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            return not self._reader.at_eof()
        return False

    def drop(self) -> None:
        """Let go at once: a goodbye to a dead machine would only wait for its timeout."""
        with contextlib.suppress(RuntimeError):  # the event loop may already be closed
            self._writer.transport.abort()


class Phone:
    """Asks questions one after another or at once.

    keep_alive: hold connections between questions, as an open app does, or make one per question
    """

    def __init__(self, name: str, door: Door, *, keep_alive: bool) -> None:
        self.name = name
        self._door = door
        self._keep_alive = keep_alive
        self._idle: list[Connection] = []

    async def attempt(self, question: str, timeout: float) -> Attempt:
        """One try of at most ``timeout`` seconds; never raises for what the network or the hospital does."""
        started_at = monotonic()
        connection: Connection | None = None
        try:
            async with asyncio.timeout(timeout):
                connection = self._idle.pop() if self._idle else await Connection.open(self._door)
                answer = await connection.ask(question)
        except TimeoutError:
            return self._failed(started_at, connection, "timeout")
        except (OSError, h11.ProtocolError) as error:
            return self._failed(started_at, connection, _in_a_word(error))
        except BaseException:
            if connection:
                connection.drop()
            raise
        outcome, reason = judge(answer, question)
        if self._keep_alive and outcome is Outcome.OK and connection.reusable():
            self._idle.append(connection)
        else:
            connection.drop()
        headers = answer.headers
        return Attempt(
            started_at,
            monotonic(),
            outcome,
            headers.get("x-served-by", ""),
            headers.get("x-edge", ""),
            reason,
        )

    def hang_up(self) -> None:
        """Drop every idle connection."""
        while self._idle:
            self._idle.pop().drop()

    def _failed(self, started_at: float, connection: Connection | None, reason: str) -> Attempt:
        if connection:
            connection.drop()
        return Attempt(started_at, monotonic(), Outcome.FAILED, error=reason)


def _in_a_word(error: Exception) -> str:
    """A short name that groups the same failure together in a table."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate refused"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError | h11.ProtocolError | ssl.SSLError):
        return "reset"
    return "unreachable"
