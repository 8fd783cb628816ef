"""Servers that disappoint their clients, each in its own way."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Listener:
    """A listening port and how many clients came."""

    port: int
    clients: int = 0


@contextlib.contextmanager
def _accepting(*, hang_up: bool) -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        listener = Listener(server.getsockname()[1])
        held: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    listener.clients += 1
                    if hang_up:
                        client.close()
                    else:
                        held.append(client)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for client in held:
                client.close()


def hanging_up() -> contextlib.AbstractContextManager[Listener]:
    """Accepts, and hangs up at once."""
    return _accepting(hang_up=True)


def silent() -> contextlib.AbstractContextManager[Listener]:
    """Accepts, and never says a word."""
    return _accepting(hang_up=False)


@contextlib.contextmanager
def deaf() -> Iterator[Listener]:
    """Never accepts: its queue is full, so that the next client's call is not even heard."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield Listener(server.getsockname()[1])
