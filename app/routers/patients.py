"""The register of patients over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.pages import Page
from app.domain.patients import (
    Correction,
    PatientLine,
    PatientSearch,
    PatientView,
    Registered,
    Registration,
    Unknown,
)
from app.routers.caller import Asking
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.patients import Patients


def patient_routes(patients: Patients) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1/patients", tags=["pacientes"])

    @routes.post("", status_code=201, response_model=Registered)
    async def register(caller: Asking, once: Once, form: Registration) -> Response:
        return answered(await patients.register(caller, once, form))

    @routes.post("/unknown", status_code=201, response_model=Registered)
    async def register_unknown(caller: Asking, once: Once, form: Unknown) -> Response:
        return answered(await patients.register_unknown(caller, once, form))

    @routes.post("/search", response_model=Page[PatientLine])
    async def search(caller: Asking, search: PatientSearch) -> Response:
        return shown(await patients.search(caller, search))

    @routes.get("/{patient}", response_model=PatientView)
    async def read(caller: Asking, patient: UUID) -> Response:
        seen = await patients.read(caller, patient)
        return shown(seen, seen.version)

    @routes.put("/{patient}", response_model=Registered)
    async def correct(
        caller: Asking, once: Once, version: VersionRead, patient: UUID, form: Correction
    ) -> Response:
        return answered(await patients.correct(caller, once, patient, version, form))

    return routes
