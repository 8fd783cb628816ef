"""Every route of trust: the audit, and what proves that the record is what it was."""

from fastapi import APIRouter

from app.database.engine import Database
from app.routers.audit import audit_routes
from app.services.audit_reading import AuditReading
from app.settings import Settings


def trust_routes(settings: Settings, database: Database) -> APIRouter:
    """Trust's part of the interface."""
    routes = APIRouter()
    software = f"Prontuário {settings.release}"
    routes.include_router(audit_routes(AuditReading(database, software)))
    return routes
