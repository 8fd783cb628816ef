"""The first call of the interface: an echo whose answer shows which machine and release gave it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.state import State


class Pong(BaseModel):
    """What was sent, and who answered. A drill compares the value to find wrong answers."""

    value: str
    machine: str
    version: str


def api_routes(state: State) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1")

    @routes.get("/ping")
    async def ping(value: Annotated[str, Query(max_length=200)]) -> Pong:
        return Pong(value=value, machine=state.settings.machine, version=state.settings.release)

    return routes
