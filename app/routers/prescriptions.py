"""Prescriptions over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.medications import (
    MedicationChange,
    MedicationView,
    PrescriptionForm,
    PrescriptionView,
)
from app.routers.caller import Asking
from app.routers.entries import add_common, add_page
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.chart import Entries
from app.services.prescriptions import MEDICATIONS, Prescriptions


def prescription_routes(entries: Entries) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["prescrições"])
    prescriptions = Prescriptions(entries)

    @routes.post("/patients/{patient}/prescriptions", status_code=201, response_model=PrescriptionView)
    async def prescribe(caller: Asking, once: Once, patient: UUID, form: PrescriptionForm) -> Response:
        return answered(await prescriptions.prescribe(caller, once, patient, form))

    @routes.get("/prescriptions/{entry}", response_model=PrescriptionView)
    async def read(caller: Asking, entry: UUID) -> Response:
        seen = await prescriptions.read(caller, entry)
        return shown(seen, seen.version)

    @routes.put("/medications/{entry}", response_model=MedicationView)
    async def change(
        caller: Asking, once: Once, version: VersionRead, entry: UUID, form: MedicationChange
    ) -> Response:
        return answered(await prescriptions.change(caller, once, entry, version, form))

    add_page(routes, entries, MEDICATIONS, "medications")
    add_common(routes, entries, MEDICATIONS, "medications")
    return routes
