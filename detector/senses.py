"""How a detector hears and touches the other machines: one socket for heartbeats, a touch of TCP ports.

A touch never sends a byte and ends with a reset, so it costs the other side nothing and leaves nothing in its
logs. A refused connection is a sign of life too: somebody's kernel is there to refuse. So a machine whose
programs all stand still for a while is not taken for dead.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import cast

from detector.events import Report
from detector.settings import Settings
from detector.wire import Gate, RefusedError, seal, unseal

TOUCH_EVERY = 0.25
TOUCH_WITHIN = 0.4
"""Seconds."""
_RESET = struct.pack("ii", 1, 0)


class Heartbeats(asyncio.DatagramProtocol):
    """The socket of all heartbeats, in and out. ``heard`` gets reports, ``refused`` a word for the rest."""

    def __init__(
        self,
        settings: Settings,
        life: int,
        clock: Callable[[], float],
        heard: Callable[[Report], None],
        refused: Callable[[str], None],
    ) -> None:
        self._settings, self._clock, self._heard, self._refused = settings, clock, heard, refused
        self._gate = Gate(life, settings.timing.fresh)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        mine = self._settings
        try:
            report = unseal(mine.secret, data, mine.machine, mine.others, self._clock())
            self._gate.admit(report)
        except RefusedError as error:
            self._refused(str(error))
            return
        self._heard(report)

    def error_received(self, exc: Exception) -> None:
        """An earlier datagram came back: nobody listens there, which the touches find out too."""

    def send(self, report: Report, to: str) -> None:
        """Send it, or lose it like any datagram."""
        if self._transport is not None and not self._transport.is_closing():
            datagram = seal(self._settings.secret, report, to)
            with contextlib.suppress(OSError):
                self._transport.sendto(datagram, (self._settings.machines[to], self._settings.port))


async def open_heartbeats(protocol: Heartbeats, address: str, port: int) -> asyncio.DatagramTransport:
    """The bound socket. Raises OSError while the machine has no such address yet."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, local_addr=(address, port))
    return transport


async def touch(address: str, port: int, within: float = TOUCH_WITHIN) -> bool:
    """Whether anybody answers a TCP connection there, with an acceptance or a refusal."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as touching:
        touching.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        try:
            await asyncio.wait_for(
                asyncio.get_running_loop().sock_connect(touching, (address, port)), timeout=within
            )
        except (ConnectionRefusedError, ConnectionResetError):
            return True
        except (OSError, TimeoutError):
            return False
        return True
