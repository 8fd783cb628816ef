"""How FHIR is answered: media type, versions, this service's own address."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.exceptions import HTTPException

from app.exchange.bundle import Asked, Found, searchset
from app.exchange.outcome import MEDIA_TYPE
from app.exchange.parts import Resource

PREFIX = "/fhir/R4"
_FORMATS = frozenset({"json", "application/json", MEDIA_TYPE})
_ACCEPTED = frozenset({"*/*", "application/*", "application/json", MEDIA_TYPE})


class FhirResponse(Response):
    """A resource."""

    media_type = MEDIA_TYPE


async def speaks_json(request: Request) -> None:
    """Refuse whoever wants another format than JSON (406)."""
    asked = request.query_params.get("_format")
    wanted = {
        one.partition(";")[0].strip().lower() for one in request.headers.get("accept", "*/*").split(",")
    }
    if asked.partition(";")[0] not in _FORMATS if asked else not wanted & _ACCEPTED:
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE)


async def own_address(request: Request) -> str:
    """Where this service is reached: by its own name when it has one, as it was asked otherwise."""
    site = request.app.state.service.settings.site
    return f"https://{site}{PREFIX}" if site else f"{str(request.base_url).rstrip('/')}{PREFIX}"


def resource_routes(kind: str = "") -> APIRouter:
    """An empty router for ``/fhir/R4/<kind>``, which answers in JSON alone."""
    return APIRouter(prefix=f"{PREFIX}{kind}", tags=["fhir"], dependencies=[Depends(speaks_json)])


Base = Annotated[str, Depends(own_address)]
KnownVersion = Annotated[
    str | None, Header(alias="if-none-match", description="A ETag que você já tem: se for a atual, 304")
]
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Not Modified"}}
"""For the interface's description of a route that takes :data:`KnownVersion`."""


def answered(resource: Resource, known: str | None = None) -> Response:
    """One resource, with its version and age in the headers where it has them; 304 without it when that is
    the version that the caller knows."""
    headers = _headers(resource.get("meta", {}))
    if known is not None and "etag" in headers and _names(known, headers["etag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return FhirResponse(_json(resource), headers=headers)


def page(found: Found, base: str, kind: str, asked: Asked) -> FhirResponse:
    """A page of a search."""
    return FhirResponse(_json(searchset(found, base, kind, asked)))


def _names(known: str, etag: str) -> bool:
    """Whether one of the caller's tags is ours, by RFC 9110's weak comparison; ``*`` is whatever we have."""
    tags = {one.strip().removeprefix("W/") for one in known.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags


def _headers(meta: Mapping[str, Any]) -> dict[str, str]:
    if "versionId" not in meta:
        return {}
    changed = datetime.fromisoformat(meta["lastUpdated"]).astimezone(UTC)
    return {
        "etag": f'W/"{meta["versionId"]}"',
        "last-modified": format_datetime(changed, usegmt=True),
    }


def _json(resource: Resource) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
