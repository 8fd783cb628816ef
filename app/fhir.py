"""Every route of the exchange in FHIR R4, below /fhir/R4. It reads; writing has the record's own forms."""

from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter, Response

from app.database.engine import Database
from app.exchange.capability import capability
from app.exchange.summary import Maker
from app.routers.exchange import entry_routes
from app.routers.exchange_answers import Base, FhirResponse, answered, resource_routes
from app.routers.exchange_others import (
    audit_exchange_routes,
    content_routes,
    history_routes,
    patient_exchange_routes,
)
from app.services.audit_reading import AuditReading
from app.services.documents import Documents
from app.services.exchange import Exchange
from app.services.exchange_audit import ExchangeAudit
from app.services.exchange_history import ExchangeHistory
from app.services.exchange_patients import ExchangePatients
from app.settings import Settings
from app.storage.objects import Objects

_NAME = "Prontuário"


def fhir_routes(settings: Settings, database: Database, objects: Objects) -> list[APIRouter]:
    """The exchange's part of the interface."""
    software = f"{_NAME} {settings.release}"
    maker = partial(Maker, settings.institution, settings.cnes, software)
    patients = ExchangePatients(database, maker)
    return [
        statement_routes(settings.release),
        patient_exchange_routes(patients),
        entry_routes(Exchange(database)),
        history_routes(ExchangeHistory(database)),
        audit_exchange_routes(ExchangeAudit(AuditReading(database, software), software)),
        content_routes(Documents(database, objects)),
    ]


def statement_routes(release: str) -> APIRouter:
    """What this service offers, to everybody who asks."""
    since = datetime.now(UTC)
    routes = resource_routes()

    @routes.get("/metadata", response_class=FhirResponse)
    async def metadata(base: Base) -> Response:
        return answered(capability(_NAME, release, since, base))

    return routes
