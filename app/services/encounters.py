"""Contacts: begun, moved from bed to bed, ended; and who is here now."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, may, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.encounters import (
    CLOSED,
    OPEN,
    Closing,
    EncounterForm,
    EncounterKind,
    EncounterView,
    Place,
    PresentPatient,
)
from app.domain.pages import Page, cut, decode_cursor, encode_cursor, word
from app.domain.refusals import Conflict, Invalid
from app.domain.writes import Answer, Repetition
from app.repositories import encounters
from app.services.audit import audit
from app.services.chart import Entries
from app.services.coding import resolve
from app.services.entry_kinds import Kind
from app.tables import Encounter

ENCOUNTERS = Kind(Encounter, EncounterView, Action.ADMIT_PATIENT)


class Encounters:
    """Contacts of patients with the hospital."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    async def begin(
        self, caller: Caller, repetition: Repetition, patient: UUID, form: EncounterForm
    ) -> Answer:
        """A contact that is going on from now on."""

        async def make(session: AsyncSession, _: UUID) -> Mapping[str, Any]:
            [reason] = await resolve(session, [form.reason])
            return reason | {"kind": form.kind, "status": OPEN, "ward": form.ward, "bed": form.bed}

        return await self._entries.add(caller, repetition, ENCOUNTERS, patient, form, make=make)

    async def move(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: Place
    ) -> Answer:
        """Another ward or bed."""

        async def decide(_: AsyncSession, row: Encounter) -> Mapping[str, Any]:
            _still_open(row)
            return {"ward": form.ward, "bed": form.bed}

        return await self._entries.change(
            caller, repetition, ENCOUNTERS, identity, version, decide=decide, reason=None
        )

    async def close(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: Closing
    ) -> Answer:
        """The contact is over; what belongs to it may still be entered, with its own time."""

        async def decide(_: AsyncSession, row: Encounter) -> Mapping[str, Any]:
            _still_open(row)
            ended = form.ended_at or datetime.now(UTC)
            if ended < row.occurred_at:
                raise Invalid("O atendimento não pode terminar antes de começar.")
            return {"status": CLOSED, "ended_at": ended}

        return await self._entries.change(
            caller, repetition, ENCOUNTERS, identity, version, decide=decide, reason=None
        )

    async def present(
        self,
        caller: Caller,
        ward: str | None,
        kind: EncounterKind | None,
        limit: int,
        cursor: str | None,
    ) -> Page[PresentPatient]:
        """Who is here now, by ward and bed; nothing clinical, so that reception may see it too."""
        if not may(caller, Action.READ_CHART):
            require(caller, Action.ADMIT_PATIENT)
        after = decode_cursor(cursor, word, word, UUID)
        async with self._entries.database.transaction() as session:
            rows, more = cut(await encounters.present(session, ward, kind, limit, after), limit)
            await audit(session, caller, Event.RECORD_SEARCHED, detail={"kind": "encounters"})
        last = rows[-1] if more else None
        following = encode_cursor(last.ward or "", last.bed or "", str(last.encounter_id)) if last else None
        return Page(items=[PresentPatient.model_validate(row) for row in rows], next=following)


def _still_open(row: Encounter) -> None:
    if row.status != OPEN:
        raise Conflict("Este atendimento já foi encerrado.")
