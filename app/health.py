"""Three questions: is it stuck (live), may it get requests (ready), how is each component (health)."""

import time
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from app.checks import Status
from app.metrics import CONTENT_TYPE, Metrics
from app.state import State


def health_routes(state: State, metrics: Metrics) -> APIRouter:
    """The routes that machines read: the edge, systemd's and people's checks, Prometheus."""
    routes = APIRouter()
    identity = {"machine": state.settings.machine, "version": state.settings.release}

    cannot_serve: dict[int | str, dict[str, Any]] = {
        503: {"description": "Not now", "content": {"application/json": {}}}
    }

    @routes.get("/live")
    async def live() -> JSONResponse:
        return JSONResponse({"status": "live"} | identity)

    @routes.get("/ready", responses=cannot_serve)
    async def ready() -> JSONResponse:
        if state.ready:
            return JSONResponse({"status": "ready"} | identity)
        reason = "draining" if state.draining else "unhealthy"
        return JSONResponse({"status": reason} | identity, HTTPStatus.SERVICE_UNAVAILABLE)

    @routes.get("/health", responses=cannot_serve)
    async def health() -> JSONResponse:
        now = time.monotonic()
        status = state.prober.status
        components = {
            name: {
                "status": result.reading.status,
                "detail": result.reading.detail,
                "latency_ms": round(result.latency * 1000, 2),
                "age_s": round(now - result.at, 1),
            }
            for name, result in sorted(state.prober.results.items())
        }
        body = {"status": status, "draining": state.draining} | identity | {"components": components}
        down = status is Status.UNHEALTHY
        return JSONResponse(body, HTTPStatus.SERVICE_UNAVAILABLE if down else HTTPStatus.OK)

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {CONTENT_TYPE: {"schema": {"type": "string"}}}}},
    )
    async def prometheus() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return routes
