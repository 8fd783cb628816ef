"""The audit over HTTP, for the auditor alone."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from app.domain.audit_reading import AuditLine, AuditQuery, ExportQuery, Format
from app.domain.pages import Page
from app.routers.caller import Asking
from app.routers.headers import shown
from app.services.audit_reading import AuditReading

_TYPES = {Format.CSV: "text/csv; charset=utf-8", Format.XML: "application/xml"}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {one: {"schema": {"type": "string"}} for one in _TYPES.values()}}
}


def audit_routes(reading: AuditReading) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1/audit", tags=["auditoria"])

    @routes.get("", response_model=Page[AuditLine])
    async def read(caller: Asking, asked: Annotated[AuditQuery, Query()]) -> Response:
        return shown(await reading.read(caller, asked))

    @routes.get("/export", response_class=StreamingResponse, responses=_FILES)
    async def export(caller: Asking, asked: Annotated[ExportQuery, Query()]) -> StreamingResponse:
        pieces = await reading.export(caller, asked)
        headers = {"content-disposition": f'attachment; filename="auditoria.{asked.format}"'}
        return StreamingResponse(pieces, media_type=_TYPES[asked.format], headers=headers)

    return routes
