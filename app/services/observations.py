"""Vital signs and results."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.observations import (
    Category,
    ObservationsForm,
    ObservationsView,
    ObservationView,
    ResultChange,
    ResultStatus,
)
from app.domain.pages import Page
from app.domain.refusals import Conflict
from app.domain.writes import Answer, Repetition, Written
from app.repositories import versions
from app.services.chart import Entries
from app.services.chart_door import open_to_write
from app.services.coding import resolve
from app.services.entry_kinds import Kind, new
from app.services.once import once
from app.tables import Observation

OBSERVATIONS = Kind(Observation, ObservationView, Action.RECORD_MEASUREMENT)


class Observations:
    """What was measured."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    async def add(
        self, caller: Caller, repetition: Repetition, patient: UUID, form: ObservationsForm
    ) -> Answer:
        """Everything that was measured at one time, or nothing of it."""
        require(caller, Action.RECORD_MEASUREMENT)

        async def work(session: AsyncSession) -> Written:
            whole = await open_to_write(session, caller, patient, form.encounter_id)
            coded = await resolve(session, [one.what for one in form.observations])
            rows = [
                new(Observation, patient, form, what | one.model_dump(exclude={"what"}))
                for what, one in zip(coded, form.observations, strict=True)
            ]
            await versions.add_all(session, caller, rows)
            seen = ObservationsView(observations=[ObservationView.model_validate(one) for one in rows])
            return Written(seen, 1, Event.RECORD_CREATED, rows[0].id, patient=whole, status=201)

        return await once(self._entries.database, caller, repetition, work)

    async def change(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: ResultChange
    ) -> Answer:
        """A partial result goes on or becomes final; a final one can only be corrected, and says so."""

        async def decide(_: AsyncSession, row: Observation) -> Mapping[str, Any]:
            was_partial = row.status == ResultStatus.PARTIAL
            if was_partial is (form.status is ResultStatus.CORRECTED):
                raise Conflict(
                    "Um resultado preliminar torna-se final; um resultado final só pode ser corrigido."
                )
            return form.model_dump(exclude={"reason"})

        return await self._entries.change(
            caller, repetition, OBSERVATIONS, identity, version, decide=decide, reason=form.reason
        )

    async def page(
        self, caller: Caller, patient: UUID, category: Category | None, limit: int, cursor: str | None
    ) -> Page[ObservationView]:
        """Measurements of a chart, or those of one category, the latest first."""
        conditions = [] if category is None else [Observation.category == category]
        return await self._entries.page(caller, OBSERVATIONS, patient, limit, cursor, *conditions)
