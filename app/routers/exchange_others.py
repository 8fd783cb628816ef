"""What is no entry of a chart, in FHIR R4: patients, who made what, the audit, contents of documents."""

from base64 import b64encode
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.domain.refusals import NotFound
from app.exchange.bundle import Found
from app.exchange.dates import parse_when
from app.exchange.outcome import MEDIA_TYPE
from app.exchange.tokens import parse_tokens
from app.routers.caller import Asking
from app.routers.exchange_answers import (
    PREFIX,
    UNCHANGED,
    Base,
    FhirResponse,
    KnownVersion,
    answered,
    page,
    resource_routes,
)
from app.routers.exchange_forms import AuditEventQuery, PatientForm, PatientQuery, ProvenanceQuery
from app.routers.exchange_ids import as_uuid, found_id, found_version, patient_of
from app.routers.exchange_sent import BODY, sent
from app.services.documents import Documents
from app.services.exchange_audit import ExchangeAudit, RowsAsked
from app.services.exchange_history import ExchangeHistory
from app.services.exchange_patients import ExchangePatients


def patient_exchange_routes(patients: ExchangePatients) -> APIRouter:
    """Patient, and its summary."""
    routes = resource_routes("/Patient")

    @routes.get("", response_class=FhirResponse)
    async def search(
        caller: Asking, request: Request, base: Base, asked: Annotated[PatientQuery, Query()]
    ) -> FhirResponse:
        found = Found(await patients.search(caller, as_uuid(asked.identity), None))
        return page(found, base, "Patient", request.query_params.multi_items())

    @routes.post("/_search", response_class=FhirResponse, openapi_extra=BODY)
    async def search_by_body(caller: Asking, request: Request, base: Base) -> FhirResponse:
        asked = await sent(request, PatientForm)
        if asked.named:
            return page(await patients.named(caller, asked.search()), base, "Patient", [])
        found = Found(await patients.search(caller, as_uuid(asked.identity), asked.number))
        return page(found, base, "Patient", [])  # a number must not stand in an address, this one included

    @routes.get("/{identity}", response_class=FhirResponse, responses=UNCHANGED)
    async def read(caller: Asking, identity: str, known: KnownVersion = None) -> Response:
        return answered(await patients.read(caller, found_id(identity)), known)

    @routes.get("/{identity}/_history/{version}", response_class=FhirResponse)
    async def vread(caller: Asking, identity: str, version: str) -> Response:
        return answered(await patients.version(caller, found_id(identity), found_version(version)))

    @routes.get("/{identity}/$summary", response_class=FhirResponse)
    async def summary(caller: Asking, identity: str) -> Response:
        return answered(await patients.summary(caller, found_id(identity)))

    return routes


def history_routes(history: ExchangeHistory) -> APIRouter:
    """Provenance."""
    routes = resource_routes("/Provenance")

    @routes.get("", response_class=FhirResponse)
    async def search(
        caller: Asking, request: Request, base: Base, asked: Annotated[ProvenanceQuery, Query()]
    ) -> FhirResponse:
        if asked.identity is not None:
            resources = [await history.read(caller, asked.identity)]
        else:
            kind, identity = _target(asked)
            resources = list(await history.search(caller, kind, identity))
        return page(Found(resources), base, "Provenance", request.query_params.multi_items())

    @routes.get("/{identity}", response_class=FhirResponse)
    async def read(caller: Asking, identity: str) -> Response:
        return answered(await history.read(caller, identity))

    return routes


def audit_exchange_routes(reading: ExchangeAudit) -> APIRouter:
    """AuditEvent."""
    routes = resource_routes("/AuditEvent")

    @routes.get("", response_class=FhirResponse)
    async def search(
        caller: Asking, request: Request, base: Base, asked: Annotated[AuditEventQuery, Query()]
    ) -> FhirResponse:
        if asked.identity is not None:
            found = Found([await reading.read(caller, asked.identity)])
        else:
            rows = RowsAsked(
                patient=patient_of(asked.patient) if asked.patient else None,
                when=[parse_when(one) for one in asked.when],
                events=parse_tokens(asked.subtype[0]) if asked.subtype else (),
                limit=asked.limit,
                cursor=asked.cursor,
            )
            found = await reading.search(caller, rows)
        return page(found, base, "AuditEvent", request.query_params.multi_items())

    @routes.get("/{identity}", response_class=FhirResponse)
    async def read(caller: Asking, identity: str) -> Response:
        return answered(await reading.read(caller, identity))

    return routes


def content_routes(documents: Documents) -> APIRouter:
    """Binary: a document's content, as it is, or as a resource for who asks for one."""
    routes = APIRouter(prefix=f"{PREFIX}/Binary", tags=["fhir"])

    @routes.get("/{identity}", response_class=Response)
    async def read(caller: Asking, request: Request, identity: str) -> Response:
        seen, stored = await documents.content(caller, found_id(identity))
        if MEDIA_TYPE not in request.headers.get("accept", ""):
            attached = {"content-disposition": 'attachment; filename="documento"'}
            return Response(stored, media_type=seen.media_type, headers=attached)
        content = {"contentType": seen.media_type, "data": b64encode(stored).decode()}
        return answered({"resourceType": "Binary", "id": str(seen.id)} | content)

    return routes


def _target(asked: ProvenanceQuery) -> tuple[str, UUID]:
    if asked.target is None:
        return "Patient", patient_of(asked.patient or "")
    kind, _, identity = asked.target.partition("/")
    found = as_uuid(identity)
    if found is None:
        raise NotFound
    return kind, found
