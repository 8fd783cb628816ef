"""Allergies over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.allergies import AllergyChange, AllergyForm, AllergyView, DenialForm, DenialView
from app.routers.caller import Asking
from app.routers.entries import add_common, add_page
from app.routers.headers import Once, VersionRead, answered
from app.services.allergies import ALLERGIES, DENIALS, Allergies
from app.services.chart import Entries


def allergy_routes(entries: Entries) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["alergias"])
    allergies = Allergies(entries)

    @routes.post("/patients/{patient}/allergies", status_code=201, response_model=AllergyView)
    async def add(caller: Asking, once: Once, patient: UUID, form: AllergyForm) -> Response:
        return answered(await allergies.add(caller, once, patient, form))

    @routes.post("/patients/{patient}/allergy-denials", status_code=201, response_model=DenialView)
    async def deny(caller: Asking, once: Once, patient: UUID, form: DenialForm) -> Response:
        return answered(await allergies.deny(caller, once, patient, form))

    @routes.put("/allergies/{entry}", response_model=AllergyView)
    async def change(
        caller: Asking, once: Once, version: VersionRead, entry: UUID, form: AllergyChange
    ) -> Response:
        return answered(await allergies.change(caller, once, entry, version, form))

    for kind, path in ((ALLERGIES, "allergies"), (DENIALS, "allergy-denials")):
        add_page(routes, entries, kind, path)
        add_common(routes, entries, kind, path)
    return routes
