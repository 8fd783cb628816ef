"""Charts as a whole, and the codes that may be chosen, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.domain.coded import ConceptView
from app.domain.fields import Limit, Line
from app.domain.header import ChartSearch, Header, Hit
from app.domain.pages import Page
from app.routers.caller import Asking
from app.routers.headers import shown
from app.services.charts import Charts
from app.services.coding import Terminologies


def chart_routes(charts: Charts, terminologies: Terminologies) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["prontuários"])

    @routes.get("/patients/{patient}/header", response_model=Header)
    async def header(caller: Asking, patient: UUID) -> Response:
        return shown(await charts.header(caller, patient))

    @routes.post("/patients/{patient}/search", response_model=Page[Hit])
    async def search(caller: Asking, patient: UUID, search: ChartSearch) -> Response:
        return shown(await charts.search(caller, patient, search))

    @routes.get("/terminologies/{name}", response_model=Page[ConceptView])
    async def concepts(
        caller: Asking,
        name: Annotated[str, Path(pattern=r"^[a-z][a-z0-9]{1,15}$")],
        text: Annotated[Line, Query()],
        limit: Limit = 20,
    ) -> Response:
        return shown(await terminologies.search(caller, name, text, limit))

    return routes
