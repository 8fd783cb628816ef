"""The problem list over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.problems import ProblemChange, ProblemForm, ProblemView
from app.routers.caller import Asking
from app.routers.entries import add_common, add_page
from app.routers.headers import Once, VersionRead, answered
from app.services.chart import Entries
from app.services.problems import PROBLEMS, Problems


def problem_routes(entries: Entries) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["problemas"])
    problems = Problems(entries)

    @routes.post("/patients/{patient}/problems", status_code=201, response_model=ProblemView)
    async def add(caller: Asking, once: Once, patient: UUID, form: ProblemForm) -> Response:
        return answered(await problems.add(caller, once, patient, form))

    @routes.put("/problems/{entry}", response_model=ProblemView)
    async def change(
        caller: Asking, once: Once, version: VersionRead, entry: UUID, form: ProblemChange
    ) -> Response:
        return answered(await problems.change(caller, once, entry, version, form))

    add_page(routes, entries, PROBLEMS, "problems")
    add_common(routes, entries, PROBLEMS, "problems")
    return routes
