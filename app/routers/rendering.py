"""Documents made of the record, over HTTP."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.documents import DocumentView
from app.routers.caller import Asking
from app.routers.headers import Once, VersionRead, answered
from app.services.rendering import Rendering

_THERE_IS_ONE: dict[int | str, dict[str, Any]] = {
    200: {"model": DocumentView, "description": "The document that this version already has"}
}


def rendering_routes(rendering: Rendering) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["documentos"])

    @routes.post(
        "/notes/{entry}/document", status_code=201, response_model=DocumentView, responses=_THERE_IS_ONE
    )
    async def note(caller: Asking, once: Once, version: VersionRead, entry: UUID) -> Response:
        return answered(await rendering.note(caller, once, entry, version))

    @routes.post(
        "/prescriptions/{entry}/document",
        status_code=201,
        response_model=DocumentView,
        responses=_THERE_IS_ONE,
    )
    async def prescription(caller: Asking, once: Once, version: VersionRead, entry: UUID) -> Response:
        return answered(await rendering.prescription(caller, once, entry, version))

    return routes
