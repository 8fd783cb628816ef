"""Puts the service together: every process answers how it is; what else it does is its role's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from app import problems
from app.api import api_routes
from app.body_limit import BodyLimit
from app.checks import Check, Prober
from app.dependencies import dependency_checks
from app.envelope import Envelope
from app.health import health_routes
from app.metrics import Metrics
from app.page import page_routes
from app.resources import machine_checks
from app.settings import ServiceRole, Settings
from app.state import State

if TYPE_CHECKING:
    from app.clinical import Clinical
    from app.storage.objects import Objects

_OF_THE_RECORD = frozenset({ServiceRole.API, ServiceRole.WORKER, ServiceRole.EMERGENCY})
"""Roles that work on the medical record. The others start without its libraries."""
_ASKED = frozenset({ServiceRole.API, ServiceRole.EMERGENCY})
"""Roles that answer clinicians."""


def create_app(
    settings: Settings, checks: Sequence[Check] | None = None, objects: "Objects | None" = None
) -> FastAPI:
    """The service for ``settings``; ``checks`` (default: the machine's own and what it depends on) are its
    components; ``objects`` (default: what ``settings`` name)
    hold documents."""
    if checks is None:
        checks = (*machine_checks(settings), *dependency_checks(settings))
    prober = Prober(checks, settings.check_interval)
    state = State(settings, prober)
    metrics = Metrics(settings, prober)
    record = _record(settings, objects) if settings.role in _OF_THE_RECORD else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            if record is not None:
                await running.enter_async_context(record.at_work())
            await prober.start()
            running.push_async_callback(prober.stop)
            yield

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
    problems.install(app, record.traces.leave if record else problems.untraced)
    app.include_router(health_routes(state, metrics))
    app.include_router(api_routes(state))
    app.include_router(page_routes(state))
    if record is not None and settings.role in _ASKED:
        record.join(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(Envelope, state=state, metrics=metrics)
    return app


def _record(settings: Settings, objects: "Objects | None") -> "Clinical":
    from app.clinical import Clinical  # noqa: PLC0415 - the database's and the record's modules

    return Clinical(settings, objects)
