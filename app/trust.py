"""Every route of trust: the audit, and what proves that the record is what it was."""

from fastapi import APIRouter

from app.database.engine import Database
from app.routers.audit import audit_routes
from app.routers.documents import document_routes, signature_routes
from app.routers.rendering import rendering_routes
from app.routers.rights import rights_routes
from app.services.audit_reading import AuditReading
from app.services.documents import Documents
from app.services.rendering import Rendering
from app.services.rights import Rights
from app.services.signing import Signing
from app.settings import Settings
from app.storage.objects import Objects


def trust_routes(settings: Settings, database: Database, objects: Objects) -> list[APIRouter]:
    """Trust's part of the interface."""
    software = f"Prontuário {settings.release}"
    documents = Documents(database, objects)
    return [
        audit_routes(AuditReading(database, software)),
        document_routes(documents),
        rendering_routes(Rendering(database, objects, settings.institution, software)),
        signature_routes(Signing(database, objects, documents, settings.signature_trust)),
        rights_routes(Rights(database)),
    ]
