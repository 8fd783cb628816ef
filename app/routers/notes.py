"""Notes over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.fields import Limit
from app.domain.notes import DraftForm, NoteCorrection, NoteForm, NoteView
from app.domain.pages import Page
from app.routers.caller import Asking
from app.routers.entries import Cursor, add_common
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.chart import Entries
from app.services.notes import NOTES, Notes


def note_routes(entries: Entries) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["evoluções"])
    notes = Notes(entries)

    @routes.get("/notes/drafts", response_model=Page[NoteView])
    async def drafts(caller: Asking) -> Response:
        return shown(await notes.drafts(caller))

    @routes.get("/patients/{patient}/notes", response_model=Page[NoteView])
    async def page(caller: Asking, patient: UUID, limit: Limit = 20, cursor: Cursor = None) -> Response:
        return shown(await notes.page(caller, patient, limit, cursor))

    @routes.post("/patients/{patient}/notes", status_code=201, response_model=NoteView)
    async def write(caller: Asking, once: Once, patient: UUID, form: NoteForm) -> Response:
        return answered(await notes.write(caller, once, patient, form))

    @routes.put("/notes/{entry}/draft", response_model=NoteView)
    async def save_draft(
        caller: Asking, once: Once, version: VersionRead, entry: UUID, form: DraftForm
    ) -> Response:
        return answered(await notes.save_draft(caller, once, entry, version, form))

    @routes.put("/notes/{entry}", response_model=NoteView)
    async def correct(
        caller: Asking, once: Once, version: VersionRead, entry: UUID, form: NoteCorrection
    ) -> Response:
        return answered(await notes.correct(caller, once, entry, version, form))

    add_common(routes, entries, NOTES, "notes")
    return routes
