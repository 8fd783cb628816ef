"""Every route of trust: the audit, and what proves that the record is what it was."""

from fastapi import APIRouter

from app.database.engine import Database
from app.routers.audit import audit_routes
from app.routers.documents import document_routes, signature_routes
from app.routers.rights import rights_routes
from app.services.audit_reading import AuditReading
from app.services.documents import Documents
from app.services.rights import Rights
from app.services.signing import Signing
from app.settings import Settings
from app.signing.trust import Trust
from app.storage.objects import Objects


def trust_routes(settings: Settings, database: Database, objects: Objects) -> APIRouter:
    """Trust's part of the interface."""
    routes = APIRouter()
    software = f"Prontuário {settings.release}"
    routes.include_router(audit_routes(AuditReading(database, software)))
    documents = Documents(database, objects)
    trust = Trust.in_folder(settings.signature_trust) if settings.signature_trust else Trust(())
    routes.include_router(document_routes(documents))
    routes.include_router(signature_routes(Signing(database, objects, documents, trust)))
    routes.include_router(rights_routes(Rights(database)))
    return routes
