"""The service on this computer over TLS, perhaps with a fault that a load must notice.

``python -m tests.records.load.faults CERTIFICATE KEY PORT FAULT`` serves what PRONTUARIO_* describe.
"""

import asyncio
import os
import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.factory import create_app
from app.settings import Settings

SLOW_S = 0.25
_EVERY = 5


class Broken:
    """ASGI middleware: every fifth new note is acknowledged and forgotten, or done twice; or all is slow."""

    def __init__(self, app: ASGIApp, fault: str) -> None:
        self._app = app
        self._deal: Callable[[Scope, Receive, Send], Any] = getattr(self, f"_{fault}")
        self._notes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._deal(scope, receive, send)

    async def _none(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _slow(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(SLOW_S)
        await self._app(scope, receive, send)

    async def _lost(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._chosen(scope):
            await self._app(scope, receive, send)
            return
        await receive()
        headers = [(b"content-type", b"application/json"), (b"etag", b'"1"')]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": f'{{"id": "{uuid4()}"}}'.encode()})

    async def _twice(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._chosen(scope):
            await self._app(scope, receive, send)
            return
        whole = b""
        while True:
            message = await receive()
            whole += message.get("body", b"")
            if not message.get("more_body"):
                break

        async def again() -> Message:
            return {"type": "http.request", "body": whole, "more_body": False}

        async def unheard(_: MutableMapping[str, Any]) -> None:
            return None

        others = [one for one in scope["headers"] if one[0] != b"idempotency-key"]
        key = (b"idempotency-key", uuid4().hex.encode())
        await self._app({**scope, "headers": [*others, key], "state": {}}, again, unheard)
        await self._app(scope, again, send)

    def _chosen(self, scope: Scope) -> bool:
        if scope["method"] != "POST" or not scope["path"].endswith("/notes"):
            return False
        self._notes += 1
        return self._notes % _EVERY == 0


def main(certificate: str, key: str, port: str, fault: str) -> None:
    """Serve until told to stop."""
    app = create_app(Settings.from_environment(os.environ), ())
    config = uvicorn.Config(
        Broken(app, fault),
        host="127.0.0.1",
        port=int(port),
        ssl_certfile=certificate,
        ssl_keyfile=key,
        http="h11",
        ws="none",
        lifespan="on",
        log_level="warning",
        timeout_keep_alive=75,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
