"""What every kind of entry offers over HTTP: a page of a chart, one entry, its versions, inactivation."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.domain.entries import PastVersionView
from app.domain.fields import Limit
from app.domain.merging import Why
from app.domain.pages import Page
from app.routers.caller import Asking
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.chart import Entries
from app.services.entry_kinds import Kind

Cursor = Annotated[str | None, Query(max_length=600)]


def add_page(routes: APIRouter, entries: Entries, kind: Kind[Any, Any], path: str) -> None:
    """``GET /patients/{patient}/<path>``."""

    @routes.get(f"/patients/{{patient}}/{path}", response_model=Page[kind.view])  # type: ignore[name-defined]
    async def page(caller: Asking, patient: UUID, limit: Limit = 20, cursor: Cursor = None) -> Response:
        return shown(await entries.page(caller, kind, patient, limit, cursor))


def add_common(routes: APIRouter, entries: Entries, kind: Kind[Any, Any], path: str) -> None:
    """``/<path>/{entry}``, its ``/versions`` and its ``/inactivate``."""

    @routes.get(f"/{path}/{{entry}}", response_model=kind.view)
    async def read(caller: Asking, entry: UUID) -> Response:
        seen = await entries.read(caller, kind, entry)
        return shown(seen, seen.version)

    @routes.get(f"/{path}/{{entry}}/versions", response_model=Page[PastVersionView])
    async def versions(caller: Asking, entry: UUID) -> Response:
        return shown(await entries.versions(caller, kind, entry))

    @routes.post(f"/{path}/{{entry}}/inactivate", response_model=kind.view)
    async def inactivate(
        caller: Asking, once: Once, version: VersionRead, entry: UUID, form: Why
    ) -> Response:
        return answered(await entries.inactivate(caller, once, kind, entry, version, reason=form.reason))
