"""What was refused to somebody we know leaves a row in the audit, after all else was rolled back."""

import logging

from fastapi import Request

from app.database.engine import Database
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.services.audit import Opaque, audit_apart

logger = logging.getLogger(__name__)

_FORBIDDEN = 403
_OUR_FAULT = 500


class Traces:
    """Tells the audit of refused requests; never fails itself, since the person waits for the refusal."""

    def __init__(self, database: Database | None) -> None:
        self._database = database

    async def leave(self, request: Request, status: int, kind: str) -> None:
        """One row: who, which route by its template, the fixed word of the refusal; never what was sent."""
        caller: Caller | None = getattr(request.state, "caller", None)
        if self._database is None or caller is None or status >= _OUR_FAULT:
            return
        template = str(getattr(request.scope.get("route"), "path", "unmatched"))
        detail: dict[str, Opaque | list[Opaque]] = {
            "route": f"{request.method}:{template.strip('/').replace('{', '').replace('}', '')}",
            "status": status,
            "reason": kind,
        }
        event = Event.ACCESS_DENIED if status == _FORBIDDEN else Event.REQUEST_REFUSED
        try:
            await audit_apart(self._database, caller, event, detail=detail)
        except Exception:
            logger.exception("a refusal left no trace", extra={"reason": kind})
