"""Entries of charts in FHIR R4: read, read as they were, found."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.domain.refusals import NotFound
from app.routers.caller import Asking
from app.routers.exchange_answers import Base, FhirResponse, answered, page, resource_routes
from app.routers.exchange_forms import (
    ByAuthoredOn,
    ByDate,
    ByRecordedDate,
    ChartQuery,
    Measurements,
)
from app.routers.exchange_ids import found_id
from app.routers.exchange_sent import BODY, asked_in, sent
from app.services.exchange import Exchange
from app.services.exchange_kinds import EXCHANGED, Exchanged

FORMS: dict[str, type[ChartQuery]] = {
    "Encounter": ByDate,
    "Condition": ByRecordedDate,
    "AllergyIntolerance": ByDate,
    "MedicationRequest": ByAuthoredOn,
    "Observation": Measurements,
    "DocumentReference": ByDate,
}
_LONGEST_VERSION = 9


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

    @routes.get(f"/{kind.name}/{{identity}}", response_class=FhirResponse)
    async def read(caller: Asking, identity: str) -> FhirResponse:
        return answered(await exchange.read(caller, kind, found_id(identity)))

    @routes.get(f"/{kind.name}/{{identity}}/_history/{{version}}", response_class=FhirResponse)
    async def vread(caller: Asking, identity: str, version: str) -> FhirResponse:
        if not (version.isascii() and version.isdigit() and len(version) <= _LONGEST_VERSION):
            raise NotFound
        return answered(await exchange.version(caller, kind, found_id(identity), int(version)))
