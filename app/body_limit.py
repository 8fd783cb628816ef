"""No request is read further than a document may be long: whoever sends more gets one clear problem."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.media import LARGEST

OTHERS = 1024 * 1024
"""Bytes of everything that is no document: fifty times the longest note."""


class BodyLimit:
    """ASGI middleware: raises 413 while the body is read, by whoever reads it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = LARGEST if scope["path"].endswith("/content") else OTHERS
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, counted, send)
