"""The medical record's part of a process: routes, and what works behind them while the process lives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.database.engine import Database
from app.services.audit_seal import Sealer
from app.services.identity import Identity
from app.settings import Settings
from app.storage.objects import Objects
from app.traces import Traces


class Clinical:
    """The record over the database that ``settings`` name; ``objects`` (default: what they name) hold
    documents."""

    def __init__(self, settings: Settings, objects: Objects | None) -> None:
        self._settings = settings
        self._database = Database(settings)
        self._objects = Objects.of(settings) if objects is None else objects
        kept = self._database if settings.records_address else None
        self._sealer = Sealer(kept, self._objects.keep_anchor)
        self._identity = Identity.of(settings, self._database) if settings.records_address else None
        self.traces = Traces(kept)

    def join(self, app: FastAPI) -> None:
        """Add every route of the record. They are loaded here: a worker has none."""
        from app.clinical_routes import clinical_routes  # noqa: PLC0415

        app.state.identity = self._identity
        for routes in clinical_routes(self._settings, self._database, self._objects):
            app.include_router(routes)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Seals the audit meanwhile, and gives the connections back at the end."""
        await self._sealer.start()
        yield
        await self._sealer.stop()
        await self._database.close()
