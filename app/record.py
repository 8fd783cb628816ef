"""Every route of the medical record, over its services, over one database."""

from fastapi import APIRouter

from app.database.engine import Database
from app.routers.merging import merging_routes
from app.routers.patients import patient_routes
from app.services.merging import Merging
from app.services.patients import Patients


def record_routes(database: Database) -> APIRouter:
    """The record's part of the interface."""
    routes = APIRouter()
    routes.include_router(patient_routes(Patients(database)))
    routes.include_router(merging_routes(Merging(database)))
    return routes
