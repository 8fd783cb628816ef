"""The problem list."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action
from app.domain.caller import Caller
from app.domain.problems import ACTIVE, RESOLVED, ProblemChange, ProblemForm, ProblemView
from app.domain.writes import Answer, Repetition
from app.services.chart import Entries
from app.services.coding import resolve
from app.services.entry_kinds import Kind
from app.tables import Problem

PROBLEMS = Kind(Problem, ProblemView, Action.RECORD_PROBLEM)


class Problems:
    """What a patient has, or had."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    async def add(self, caller: Caller, repetition: Repetition, patient: UUID, form: ProblemForm) -> Answer:
        """A new line, active."""

        async def make(session: AsyncSession, _: UUID) -> Mapping[str, Any]:
            [diagnosis] = await resolve(session, [form.diagnosis])
            return diagnosis | {"status": ACTIVE, "certainty": form.certainty, "onset": form.onset}

        return await self._entries.add(caller, repetition, PROBLEMS, patient, form, make=make)

    async def change(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: ProblemChange
    ) -> Answer:
        """Resolved, active again, confirmed: the problem list is everybody's, each version its author's."""

        async def decide(_: AsyncSession, __: Problem) -> Mapping[str, Any]:
            return {
                "status": RESOLVED if form.resolved else ACTIVE,
                "certainty": form.certainty,
                "onset": form.onset,
                "resolved": form.resolved,
            }

        return await self._entries.change(
            caller, repetition, PROBLEMS, identity, version, decide=decide, reason=form.reason
        )
