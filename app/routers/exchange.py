"""Entries of charts in FHIR R4: read, read as they were, found."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.routers.caller import Asking
from app.routers.exchange_answers import (
    UNCHANGED,
    Base,
    FhirResponse,
    KnownVersion,
    answered,
    page,
    resource_routes,
)
from app.routers.exchange_entries import (
    AllergyQuery,
    ChartQuery,
    ConditionQuery,
    DocumentQuery,
    EncounterQuery,
    MedicationQuery,
    ObservationQuery,
)
from app.routers.exchange_ids import found_id, found_version
from app.routers.exchange_sent import BODY, asked_in, sent
from app.services.exchange import Exchange
from app.services.exchange_kinds import EXCHANGED, Exchanged

FORMS: dict[str, type[ChartQuery]] = {
    "Encounter": EncounterQuery,
    "Condition": ConditionQuery,
    "AllergyIntolerance": AllergyQuery,
    "MedicationRequest": MedicationQuery,
    "Observation": ObservationQuery,
    "DocumentReference": DocumentQuery,
}


def entry_routes(exchange: Exchange) -> APIRouter:
    """Every kind of entry, each by the same three ways."""
    routes = resource_routes()
    for kind in EXCHANGED:
        _add(routes, exchange, kind, FORMS[kind.name])
    return routes


def _add(routes: APIRouter, exchange: Exchange, kind: Exchanged, form: type[ChartQuery]) -> None:
    @routes.get(f"/{kind.name}", response_class=FhirResponse)
    async def search(
        caller: Asking,
        request: Request,
        base: Base,
        asked: Annotated[form, Query()],  # type: ignore[valid-type]
    ) -> FhirResponse:
        return await _found(caller, base, asked, request.query_params.multi_items())

    @routes.post(f"/{kind.name}/_search", response_class=FhirResponse, openapi_extra=BODY)
    async def search_by_body(caller: Asking, request: Request, base: Base) -> FhirResponse:
        return await _found(caller, base, await sent(request, form), await asked_in(request))

    async def _found(
        caller: Asking, base: str, asked: ChartQuery, words: list[tuple[str, str]]
    ) -> FhirResponse:
        found = await exchange.search(caller, kind, asked.asked())
        return page(found, base, kind.name, words)

    @routes.get(f"/{kind.name}/{{identity}}", response_class=FhirResponse, responses=UNCHANGED)
    async def read(caller: Asking, identity: str, known: KnownVersion = None) -> Response:
        return answered(await exchange.read(caller, kind, found_id(identity)), known)

    @routes.get(f"/{kind.name}/{{identity}}/_history/{{version}}", response_class=FhirResponse)
    async def vread(caller: Asking, identity: str, version: str) -> Response:
        return answered(await exchange.version(caller, kind, found_id(identity), found_version(version)))
