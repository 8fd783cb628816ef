"""Every route of the medical record, over its services, over one database."""

from fastapi import APIRouter

from app.database.engine import Database
from app.routers.allergies import allergy_routes
from app.routers.charts import chart_routes
from app.routers.encounters import encounter_routes
from app.routers.merging import merging_routes
from app.routers.notes import note_routes
from app.routers.observations import observation_routes
from app.routers.patients import patient_routes
from app.routers.prescriptions import prescription_routes
from app.routers.problems import problem_routes
from app.routers.tasks import task_routes
from app.services.chart import Entries
from app.services.charts import Charts
from app.services.coding import Terminologies
from app.services.merging import Merging
from app.services.patients import Patients

_OF_ENTRIES = (
    *(encounter_routes, problem_routes, allergy_routes, prescription_routes),
    *(observation_routes, note_routes, task_routes),
)


def record_routes(database: Database) -> list[APIRouter]:
    """The record's part of the interface."""
    entries = Entries(database)
    return [
        patient_routes(Patients(database)),
        merging_routes(Merging(database)),
        chart_routes(Charts(database), Terminologies(database)),
        *(of_entries(entries) for of_entries in _OF_ENTRIES),
    ]
