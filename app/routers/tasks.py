"""Tasks over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.fields import Limit
from app.domain.pages import Page
from app.domain.tasks import TaskEnd, TaskForm, TaskView
from app.routers.caller import Asking
from app.routers.entries import Cursor
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.chart import Entries
from app.services.tasks import Tasks


def task_routes(entries: Entries) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["tarefas"])
    tasks = Tasks(entries)

    @routes.get("/tasks", response_model=Page[TaskView])
    async def mine(caller: Asking, limit: Limit = 20, cursor: Cursor = None) -> Response:
        return shown(await tasks.mine(caller, limit, cursor))

    @routes.post("/tasks", status_code=201, response_model=TaskView, responses={404: {}})
    async def add(caller: Asking, once: Once, form: TaskForm) -> Response:
        return answered(await tasks.add(caller, once, form))

    @routes.post("/tasks/{task}/end", response_model=TaskView)
    async def end(caller: Asking, once: Once, version: VersionRead, task: UUID, form: TaskEnd) -> Response:
        return answered(await tasks.end(caller, once, task, version, form))

    @routes.get("/patients/{patient}/tasks", response_model=Page[TaskView])
    async def of_patient(caller: Asking, patient: UUID) -> Response:
        return shown(await tasks.of_patient(caller, patient))

    return routes
