"""Possible duplicates, and merges of patients, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.domain.fields import Limit
from app.domain.merging import MergeForm, MergeView, ProposalView, Why
from app.domain.pages import Page
from app.routers.caller import Asking
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.merging import Merging


def merging_routes(merging: Merging) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["duplicidades"])

    @routes.get("/duplicates", response_model=Page[ProposalView])
    async def proposals(
        caller: Asking,
        limit: Limit = 20,
        cursor: Annotated[str | None, Query(max_length=600)] = None,
    ) -> Response:
        return shown(await merging.proposals(caller, limit, cursor))

    @routes.post("/duplicates/{proposal}/dismiss", response_model=ProposalView)
    async def dismiss(
        caller: Asking, once: Once, version: VersionRead, proposal: UUID, form: Why
    ) -> Response:
        return answered(await merging.dismiss(caller, once, proposal, version, form.reason))

    @routes.post("/merges", status_code=201, response_model=MergeView, responses={404: {}})
    async def merge(caller: Asking, once: Once, form: MergeForm) -> Response:
        return answered(await merging.merge(caller, once, form))

    @routes.post("/merges/{made}/undo", response_model=MergeView)
    async def separate(caller: Asking, once: Once, version: VersionRead, made: UUID, form: Why) -> Response:
        return answered(await merging.separate(caller, once, made, version, form.reason))

    @routes.get("/patients/{patient}/merges", response_model=Page[MergeView])
    async def merges(caller: Asking, patient: UUID) -> Response:
        return shown(await merging.merges(caller, patient))

    return routes
