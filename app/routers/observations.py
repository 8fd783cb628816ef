"""Vital signs and results over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.fields import Limit
from app.domain.observations import (
    Category,
    ObservationsForm,
    ObservationsView,
    ObservationView,
    ResultChange,
)
from app.domain.pages import Page
from app.routers.caller import Asking
from app.routers.entries import Cursor, add_common
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.chart import Entries
from app.services.observations import OBSERVATIONS, Observations


def observation_routes(entries: Entries) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["medidas e exames"])
    observations = Observations(entries)

    @routes.get("/patients/{patient}/observations", response_model=Page[ObservationView])
    async def page(
        caller: Asking,
        patient: UUID,
        category: Category | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Response:
        return shown(await observations.page(caller, patient, category, limit, cursor))

    @routes.post("/patients/{patient}/observations", status_code=201, response_model=ObservationsView)
    async def add(caller: Asking, once: Once, patient: UUID, form: ObservationsForm) -> Response:
        return answered(await observations.add(caller, once, patient, form))

    @routes.put("/observations/{entry}", response_model=ObservationView)
    async def change(
        caller: Asking, once: Once, version: VersionRead, entry: UUID, form: ResultChange
    ) -> Response:
        return answered(await observations.change(caller, once, entry, version, form))

    add_common(routes, entries, OBSERVATIONS, "observations")
    return routes
