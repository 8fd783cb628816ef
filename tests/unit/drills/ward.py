"""A small HTTPS hospital on loopback that misbehaves on demand, and histories written by hand."""

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from drills.framework.client import Door, trusting
from drills.framework.history import Attempt, History, Operation, Outcome

NAME = "prontuario.hospital.test"


def make_authority(folder: Path) -> Path:
    """A throw-away authority and a certificate of it for ``NAME``; returns the folder."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    usage = ["-addext", "keyUsage=critical,keyCertSign"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ward", *usage)
    openssl("req", *key, "-keyout", "edge.key", "-out", "edge.csr", "-subj", f"/CN={NAME}")
    (folder / "san").write_text(f"subjectAltName=DNS:{NAME}\n")
    issuer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    openssl("x509", "-req", "-in", "edge.csr", *issuer, "-extfile", "san", "-out", "edge.pem")
    return folder


@dataclass
class Ward:
    """The running server; change ``mood`` to change how it answers the next request.

    Moods: well, silent (never answers), sick (503), lying (another request's answer), babbling (not JSON),
    rude (closes the connection instead of answering).
    """

    door: Door
    mood: str = "well"
    connections: int = 0
    requests: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client leaves."""
        self.connections += 1
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                self.requests += 1
                value = parse_qs(urlsplit(line.split()[1].decode()).query)["value"][0]
                if self.mood == "silent":
                    await asyncio.sleep(30)
                if self.mood == "rude":
                    break
                writer.write(self._answer(value))
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    def _answer(self, value: str) -> bytes:
        status = "503 Service Unavailable" if self.mood == "sick" else "200 OK"
        body = json.dumps({"value": "somebody else's" if self.mood == "lying" else value}).encode()
        if self.mood == "babbling":
            body = b"<html>"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nX-Served-By: mac-a\r\nX-Edge: mac-b\r\n\r\n"
        )
        return head.encode() + body


@asynccontextmanager
async def open_ward(folder: Path) -> AsyncIterator[Ward]:
    """Serve on loopback with the certificate in ``folder``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "edge.pem", folder / "edge.key")
    ward = Ward(Door("127.0.0.1", NAME, trusting(folder / "ca.pem")))
    server = await asyncio.start_server(ward.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    ward.door = Door("127.0.0.1", NAME, ward.door.tls, port)
    try:
        yield ward
    finally:
        server.close()


def operation(number: int, at: float, outcome: Outcome = Outcome.OK, took: float = 0.01) -> Operation:
    """One request with a single attempt, asked ``took`` seconds before ``at``."""
    attempt = Attempt(at - took, at, outcome, "mac-a", "mac-a", "" if outcome is Outcome.OK else "timeout")
    return Operation(f"id-{number}", "phone", at - took, at, outcome, (attempt,))


def steady(until: float, period: float = 0.02, silence: tuple[float, float] = (0.0, 0.0)) -> History:
    """Right answers every ``period`` seconds from 0 to ``until``, none strictly inside ``silence``."""
    times = [number * period for number in range(int(until / period) + 1)]
    answered = [at for at in times if not silence[0] < at < silence[1]]
    return History(0.0, until, [operation(number, at) for number, at in enumerate(answered)])
