"""Consents, restrictions, legal holds and erasure over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.pages import Page
from app.domain.rights import (
    ConsentForm,
    ConsentView,
    End,
    ErasureForm,
    ErasureView,
    HoldForm,
    HoldView,
    RestrictionForm,
    RestrictionView,
    RevocationForm,
)
from app.routers.caller import Asking
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.rights import Rights


def rights_routes(rights: Rights) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["direitos do paciente"])

    @routes.post("/patients/{patient}/consents", status_code=201, response_model=ConsentView)
    async def consent(caller: Asking, once: Once, patient: UUID, form: ConsentForm) -> Response:
        return answered(await rights.consent(caller, once, patient, form))

    @routes.get("/patients/{patient}/consents", response_model=Page[ConsentView])
    async def consents(caller: Asking, patient: UUID) -> Response:
        return shown(await rights.consents(caller, patient))

    @routes.post("/consents/{consent}/revocation", status_code=201, response_model=ConsentView)
    async def revoke(caller: Asking, once: Once, consent: UUID, form: RevocationForm) -> Response:
        return answered(await rights.revoke(caller, once, consent, form))

    @routes.post("/patients/{patient}/restrictions", status_code=201, response_model=RestrictionView)
    async def restrict(caller: Asking, once: Once, patient: UUID, form: RestrictionForm) -> Response:
        return answered(await rights.restrict(caller, once, patient, form))

    @routes.post("/restrictions/{restriction}/end", response_model=RestrictionView)
    async def unrestrict(
        caller: Asking, once: Once, version: VersionRead, restriction: UUID, form: End
    ) -> Response:
        return answered(await rights.unrestrict(caller, once, restriction, version, form))

    @routes.post("/patients/{patient}/legal-holds", status_code=201, response_model=HoldView)
    async def hold(caller: Asking, once: Once, patient: UUID, form: HoldForm) -> Response:
        return answered(await rights.hold(caller, once, patient, form))

    @routes.post("/legal-holds/{hold}/end", response_model=HoldView)
    async def release(caller: Asking, once: Once, version: VersionRead, hold: UUID, form: End) -> Response:
        return answered(await rights.release(caller, once, hold, version, form))

    @routes.post("/patients/{patient}/erasure-requests", status_code=201, response_model=ErasureView)
    async def erase(caller: Asking, once: Once, patient: UUID, form: ErasureForm) -> Response:
        return answered(await rights.erase(caller, once, patient, form))

    return routes
