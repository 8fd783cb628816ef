"""Runs the service under systemd: reports ready, feeds the watchdog, leaves without losing a request."""

import asyncio
import logging
import os
import signal
import socket
from contextlib import suppress
from types import FrameType

import uvicorn

from app.factory import create_app
from app.settings import Settings
from app.state import State

logger = logging.getLogger(__name__)


def notify(message: str) -> None:
    """Tell systemd (sd_notify). Where none listens nothing happens: patients are served all the same."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        systemd.sendall(message.encode())


class DrainingServer(uvicorn.Server):
    """On the first signal ``/ready`` fails while requests are still answered; the listener closes after that.

    A second signal skips the wait. What is in flight has ``finish`` seconds; the rest is cut.
    """

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then report ready."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            notify("READY=1")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; runs as a signal handler, so the work is left to the event loop."""
        if self._loop is None or self._state.draining:
            super().handle_exit(sig, frame)
            return
        self._state.draining = True
        self._loop.call_soon_threadsafe(self._drain, signal.Signals(sig).name)

    def _drain(self, name: str) -> None:
        notify("STOPPING=1")
        drain = self._state.settings.drain
        logger.info("draining", extra={"signal": name, "seconds": drain})
        asyncio.get_running_loop().call_later(drain, self._stop)

    def _stop(self) -> None:
        self.should_exit = True


def build_server(settings: Settings) -> DrainingServer:
    """A server for ``settings``, not yet listening."""
    app = create_app(settings)

    async def feed_watchdog() -> None:
        notify("WATCHDOG=1")

    config = uvicorn.Config(
        app,
        host=str(settings.address),
        port=settings.port,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Addresses in X-Forwarded-For come from whoever reaches the port; nothing here needs them.
        proxy_headers=False,
        # Longer than the edge keeps an idle connection, so that the edge is always the one that closes.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=settings.finish,
        callback_notify=feed_watchdog,
        timeout_notify=3,
    )
    return DrainingServer(config, app.state.service)
