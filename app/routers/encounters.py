"""Encounters over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.domain.encounters import (
    Closing,
    EncounterForm,
    EncounterKind,
    EncounterView,
    Place,
    PresentPatient,
)
from app.domain.fields import Limit, Line
from app.domain.pages import Page
from app.routers.caller import Asking
from app.routers.entries import Cursor, add_common, add_page
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.chart import Entries
from app.services.encounters import ENCOUNTERS, Encounters


def encounter_routes(entries: Entries) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["atendimentos"])
    encounters = Encounters(entries)

    @routes.get("/encounters/present", response_model=Page[PresentPatient])
    async def present(
        caller: Asking,
        ward: Annotated[Line | None, Query()] = None,
        kind: EncounterKind | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        return shown(await encounters.present(caller, ward, kind, limit, cursor))

    @routes.post("/patients/{patient}/encounters", status_code=201, response_model=EncounterView)
    async def begin(caller: Asking, once: Once, patient: UUID, form: EncounterForm) -> Response:
        return answered(await encounters.begin(caller, once, patient, form))

    @routes.post("/encounters/{entry}/move", response_model=EncounterView)
    async def move(caller: Asking, once: Once, version: VersionRead, entry: UUID, form: Place) -> Response:
        return answered(await encounters.move(caller, once, entry, version, form))

    @routes.post("/encounters/{entry}/close", response_model=EncounterView)
    async def close(caller: Asking, once: Once, version: VersionRead, entry: UUID, form: Closing) -> Response:
        return answered(await encounters.close(caller, once, entry, version, form))

    add_page(routes, entries, ENCOUNTERS, "encounters")
    add_common(routes, entries, ENCOUNTERS, "encounters")
    return routes
