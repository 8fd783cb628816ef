"""Notes. Drafts belong to their author; what was finished is corrected by the author alone, with a reason."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.notes import DRAFT, FINAL, DraftForm, NoteCorrection, NoteForm, NoteView
from app.domain.pages import Page
from app.domain.refusals import Conflict
from app.domain.writes import Answer, Repetition
from app.repositories import notes
from app.services.audit import audit
from app.services.chart import Entries
from app.services.entry_kinds import Kind
from app.tables import Note


def _visible(row: Note, caller: Caller) -> bool:
    return row.status != DRAFT or row.recorded_by == caller.account


NOTES = Kind(Note, NoteView, Action.WRITE_NOTE, authors_only=True, visible=_visible)


class Notes:
    """What was written down."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    async def write(self, caller: Caller, repetition: Repetition, patient: UUID, form: NoteForm) -> Answer:
        """A note, finished or as a draft."""

        async def make(_: AsyncSession, __: UUID) -> Mapping[str, Any]:
            status = DRAFT if form.draft else FINAL
            return {"kind": form.kind, "title": form.title, "text": form.text, "status": status}

        return await self._entries.add(caller, repetition, NOTES, patient, form, make=make)

    async def save_draft(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: DraftForm
    ) -> Answer:
        """The draft as it is now, perhaps finished."""

        async def decide(_: AsyncSession, row: Note) -> Mapping[str, Any]:
            if row.status != DRAFT:
                raise Conflict("Esta evolução já foi concluída: corrija-a, com o motivo.")
            return {
                "kind": form.kind,
                "title": form.title,
                "text": form.text,
                "occurred_at": form.occurred_at or row.occurred_at,
                "status": FINAL if form.finish else DRAFT,
            }

        return await self._entries.change(
            caller, repetition, NOTES, identity, version, decide=decide, reason=None
        )

    async def correct(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: NoteCorrection
    ) -> Answer:
        """A new version by the author; the earlier one stays readable."""

        async def decide(_: AsyncSession, row: Note) -> Mapping[str, Any]:
            if row.status == DRAFT:
                raise Conflict("Esta evolução ainda é um rascunho: continue a escrevê-la.")
            return {"title": form.title, "text": form.text}

        return await self._entries.change(
            caller, repetition, NOTES, identity, version, decide=decide, reason=form.reason
        )

    async def page(self, caller: Caller, patient: UUID, limit: int, cursor: str | None) -> Page[NoteView]:
        """Notes of a chart, with the caller's own drafts."""
        mine_or_finished = or_(Note.status != DRAFT, Note.recorded_by == caller.account)
        return await self._entries.page(caller, NOTES, patient, limit, cursor, mine_or_finished)

    async def drafts(self, caller: Caller) -> Page[NoteView]:
        """What the caller has begun and not finished, what was touched last first."""
        require(caller, Action.WRITE_NOTE)
        async with self._entries.database.transaction() as session:
            rows = await notes.drafts(session, caller.account)
            await audit(session, caller, Event.RECORD_SEARCHED, detail={"kind": "drafts"})
        return Page(items=[NoteView.model_validate(row) for row in rows])
