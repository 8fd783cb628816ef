"""Puts the service together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import problems
from app.api import api_routes
from app.body_limit import BodyLimit
from app.checks import Check, Prober
from app.database.engine import Database
from app.dependencies import dependency_checks
from app.envelope import Envelope
from app.health import health_routes
from app.metrics import Metrics
from app.page import page_routes
from app.record import record_routes
from app.resources import machine_checks
from app.routers.identity import identity_routes
from app.services.audit_seal import Sealer
from app.services.identity import Identity
from app.settings import Settings
from app.state import State
from app.storage.objects import Objects
from app.traces import Traces
from app.trust import trust_routes


def create_app(
    settings: Settings, checks: Sequence[Check] | None = None, objects: Objects | None = None
) -> FastAPI:
    """The service for ``settings``; ``checks`` (default: the machine's own and what it depends on) are its
    components; ``objects`` (default: what ``settings`` name)
    hold documents."""
    if checks is None:
        checks = (*machine_checks(settings), *dependency_checks(settings))
    prober = Prober(checks, settings.check_interval)
    state = State(settings, prober)
    metrics = Metrics(settings, prober)
    database = Database(settings)
    objects = Objects.of(settings) if objects is None else objects
    sealer = Sealer(database if settings.records_address else None, objects.keep_anchor)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await prober.start()
        await sealer.start()
        yield
        await sealer.stop()
        await prober.stop()
        await database.close()

    # No interactive documentation: its pages load scripts from the internet.
    app = FastAPI(
        title="Prontuário",
        version=settings.release,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.service = state
    app.state.identity = Identity.of(settings, database) if settings.records_address else None
    problems.install(app, Traces(database if settings.records_address else None))
    app.include_router(health_routes(state, metrics))
    app.include_router(api_routes(state))
    app.include_router(page_routes(state))
    app.include_router(identity_routes())
    app.include_router(record_routes(database))
    app.include_router(trust_routes(settings, database, objects))
    app.add_middleware(BodyLimit)
    app.add_middleware(Envelope, state=state, metrics=metrics)
    return app
