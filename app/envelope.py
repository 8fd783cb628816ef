"""What surrounds every answer: request id, the machine that gave it, security headers, log line, count."""

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics import Metrics
from app.problems import problem, spoken
from app.state import State

logger = logging.getLogger(__name__)

_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ABANDONED = 499  # the caller left, or the server was stopped, before an answer began
# Asked several times a second; what makes their answer change is logged where it happens.
_PROBES = frozenset({"/live", "/ready", "/metrics"})
_PROBE_ANSWERS = frozenset({200, 503})
_SECURITY = {
    "content-security-policy": (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


def request_id(scope: Scope) -> str:
    """The caller's X-Request-ID when it is one short plain word; otherwise an id of ours."""
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        return str(given[0], "ascii")
    return uuid4().hex


def route_template(scope: Scope) -> str:
    """``/patients/{id}``, not ``/patients/42``; ``unmatched`` when no route took the request."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


class Envelope:
    """ASGI middleware, outermost of ours: also turns an unexpected exception into a problem."""

    def __init__(self, app: ASGIApp, state: State, metrics: Metrics) -> None:
        self._app = app
        self._state = state
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request inside its envelope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        identity = request_id(scope)
        scope.setdefault("state", {})["request_id"] = identity
        status = 0

        async def enclose(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._address(MutableHeaders(scope=message), identity)
            await send(message)

        try:
            await self._app(scope, receive, enclose)
        except Exception:
            logger.exception("request failed", extra={"request_id": identity, "route": route_template(scope)})
            if status:
                raise  # too late for another answer: the server must cut the connection
            await spoken(scope["path"], problem(500, identity))(scope, receive, enclose)
        finally:
            self._record(scope, identity, status or _ABANDONED, time.perf_counter() - started)

    def _address(self, headers: MutableHeaders, identity: str) -> None:
        headers["x-request-id"] = identity
        headers["x-served-by"] = self._state.settings.machine
        for name, value in _SECURITY.items():
            headers.setdefault(name, value)
        if self._state.draining:
            # The edge must not reuse a connection that is about to be closed under its next request.
            headers["connection"] = "close"

    def _record(self, scope: Scope, identity: str, status: int, seconds: float) -> None:
        route = route_template(scope)
        self._metrics.observe(scope["method"], route, status, seconds)
        if route in _PROBES and status in _PROBE_ANSWERS:
            return
        logger.info(
            "request",
            extra={
                "request_id": identity,
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
            },
        )
