"""What was refused leaves a row in the audit, after all else was rolled back: whose it was, if known."""

import logging
import time
from collections import deque
from contextlib import suppress

from fastapi import Request

from app.database.engine import Database
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.refusals import NotIdentified
from app.sender import device, token
from app.services.audit import Opaque, audit_apart
from app.services.sessions import recognise

logger = logging.getLogger(__name__)

_FORBIDDEN = 403
_OUR_FAULT = 500
_UNREAD = frozenset({400, 413, 422})
"""Perhaps refused while the body was read, before anybody asked whose it is."""
STRANGERS, WINDOW = 60, 60.0
"""Rows about tokens that open nothing, in so many seconds: whoever sends a million fills no disk."""


class Traces:
    """Tells the audit of refused requests; never fails itself, since the person waits for the refusal."""

    def __init__(self, database: Database | None) -> None:
        self._database = database
        self._strangers: deque[float] = deque(maxlen=STRANGERS)

    async def leave(self, request: Request, status: int, kind: str) -> None:
        """One row: who, which route by its template, the fixed word of the refusal; never what was sent.

        Nobody's request leaves none, unless it showed a token that opens nothing.
        """
        if self._database is None or status >= _OUR_FAULT:
            return
        try:
            caller = await self._caller(self._database, request, status)
            if caller is None and not (kind == NotIdentified.kind and self._is_told_of(request)):
                return
            template = str(getattr(request.scope.get("route"), "path", "unmatched"))
            detail: dict[str, Opaque | list[Opaque]] = {
                "route": f"{request.method}:{template.strip('/').replace('{', '').replace('}', '')}",
                "status": status,
                "reason": kind,
            }
            event = Event.ACCESS_DENIED if status == _FORBIDDEN else Event.REQUEST_REFUSED
            if caller is None:
                event = Event.TOKEN_REFUSED
            await audit_apart(self._database, caller, event, address=device(request), detail=detail)
        except Exception:
            logger.exception("a refusal left no trace", extra={"reason": kind})

    async def _caller(self, database: Database, request: Request, status: int) -> Caller | None:
        known: Caller | None = getattr(request.state, "caller", None)
        shown = token(request)
        if known is None and status in _UNREAD and shown is not None:
            with suppress(NotIdentified):
                found = await recognise(database, shown, device(request), attentive=False)
                return found.caller
        return known

    def _is_told_of(self, request: Request) -> bool:
        """Whether a token was shown, and there were not too many already."""
        if "authorization" not in request.headers:
            return False
        now = time.monotonic()
        if len(self._strangers) == STRANGERS and now - self._strangers[0] < WINDOW:
            return False
        self._strangers.append(now)
        return True
