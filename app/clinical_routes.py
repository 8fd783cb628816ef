"""Every route that clinicians' devices ask."""

import warnings
from collections.abc import Sequence

from fastapi import APIRouter
from pydantic.warnings import UnsupportedFieldAttributeWarning

from app.database.engine import Database
from app.fhir import fhir_routes
from app.record import record_routes
from app.routers.identity import identity_routes
from app.settings import Settings
from app.storage.objects import Objects
from app.trust import trust_routes


def clinical_routes(settings: Settings, database: Database, objects: Objects) -> Sequence[APIRouter]:
    """One router after the other, none inside another: FastAPI works out a nested one's routes twice."""
    # FastAPI silences it while it makes a route; our forms are built later, when the first one comes.
    warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)
    return (
        *identity_routes(),
        *record_routes(database),
        *trust_routes(settings, database, objects),
        *fhir_routes(settings, database, objects),
    )
