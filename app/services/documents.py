"""Documents of a chart: first what they are, then their content, judged and sealed."""

import asyncio
import hashlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.documents import DocumentDamaged, DocumentForm, DocumentState, DocumentView, NoContent
from app.domain.media import judge
from app.domain.pages import Page
from app.domain.refusals import Conflict, Forbidden, NotFound
from app.domain.writes import Answer, Repetition, Written
from app.repositories import versions
from app.repositories.chart import members
from app.services.audit import audit, audit_apart
from app.services.chart_door import open_chart, open_to_read, open_to_write
from app.services.once import once
from app.storage.objects import Objects
from app.storage.vault import Damaged
from app.tables import Document

_MOST = 500


@dataclass(frozen=True)
class Content:
    """What somebody sends, for the ``version`` that they read, and the media type that they say it is."""

    version: int
    content: bytes
    declared: str


class Documents:
    """``objects``: where their content lies."""

    def __init__(self, database: Database, objects: Objects) -> None:
        self._database = database
        self._objects = objects

    async def announce(
        self, caller: Caller, repetition: Repetition, patient: UUID, form: DocumentForm
    ) -> Answer:
        """A new document, without its content yet."""
        require(caller, Action.ATTACH_DOCUMENT)

        async def work(session: AsyncSession) -> Written:
            whole = await open_to_write(session, caller, patient)
            row = Document(patient_id=whole, state=DocumentState.WAITING, **form.model_dump())
            await versions.add(session, caller, row)
            return _written(row, whole, Event.RECORD_CREATED, status=201)

        return await once(self._database, caller, repetition, work)

    async def fill(self, caller: Caller, repetition: Repetition, identity: UUID, sent: Content) -> Answer:
        """The content of a document that was announced by the same person.

        Raises TooLarge, MediaRefused or StoreUnavailable; then nothing is kept.
        """
        require(caller, Action.ATTACH_DOCUMENT)
        content = sent.content
        media = await asyncio.to_thread(judge, content, sent.declared)

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, Document, identity, sent.version)
            if row.recorded_by != caller.account:
                raise Forbidden("Somente quem anunciou o documento pode enviar o conteúdo.")
            whole = await open_chart(session, caller, row.patient_id)
            if row.state != DocumentState.WAITING:
                raise Conflict("O conteúdo deste documento já foi enviado e não muda mais.")
            values = {
                "media_type": media.value,
                "size": len(content),
                "digest": hashlib.sha256(content).digest(),
                "object": await self._objects.put(content),
                "state": DocumentState.ACTIVE,
            }
            await versions.change(session, caller, row, values, None)
            return _written(row, whole, Event.DOCUMENT_STORED)

        return await once(self._database, caller, repetition, work)

    async def inactivate(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, reason: str
    ) -> Answer:
        """It no longer counts, and stays to be seen."""
        require(caller, Action.ATTACH_DOCUMENT)

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, Document, identity, version)
            if row.recorded_by != caller.account:
                raise Forbidden("Somente quem incluiu o documento pode inativá-lo.")
            whole = await open_chart(session, caller, row.patient_id)
            if row.state == DocumentState.INACTIVE:
                raise Conflict("O documento já está inativado.")
            await versions.change(session, caller, row, {"state": DocumentState.INACTIVE}, reason)
            return _written(row, whole, Event.DOCUMENT_INACTIVATED)

        return await once(self._database, caller, repetition, work)

    async def of_patient(self, caller: Caller, patient: UUID) -> Page[DocumentView]:
        """All of a chart, by when they came about and then by when they were entered, inactive ones too."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            whole = await open_chart(session, caller, patient)
            asked = select(Document).where(Document.patient_id == func.any(members(whole)))
            # Documents of several versions of a note all came about when the note did.
            asked = asked.order_by(Document.occurred_at, Document.recorded_at, Document.id)
            rows = (await session.scalars(asked.limit(_MOST))).all()
            await audit(session, caller, Event.RECORD_VIEWED, patient=whole, detail={"documents": len(rows)})
            return Page(items=[view(one) for one in rows])

    async def content(self, caller: Caller, identity: UUID) -> tuple[DocumentView, bytes]:
        """What was stored, to the byte. Raises NoContent, DocumentDamaged or StoreUnavailable."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            row = await session.get(Document, identity)
            if row is None:
                raise NotFound
            await open_to_read(session, caller, row.patient_id, event=Event.DOCUMENT_READ, subject=row.id)
            if row.object is None:
                raise NoContent
        return view(row), await self.stored(caller, row, row.object, row.digest or b"")

    async def stored(self, caller: Caller, row: Document, name: str, digest: bytes) -> bytes:
        """The object ``name`` of document ``row``, proved by its digest; DocumentDamaged is audited."""
        try:
            content = await self._objects.get(name)
            if hashlib.sha256(content).digest() != digest:
                raise Damaged
        except Damaged:
            await audit_apart(
                self._database, caller, Event.DOCUMENT_DAMAGED, subject=row.id, patient=row.patient_id
            )
            raise DocumentDamaged from None
        return content


def view(row: Document) -> DocumentView:
    """As it is shown."""
    shown = {name: getattr(row, name) for name in DocumentView.model_fields if name != "sha256"}
    return DocumentView(**shown, sha256=row.digest.hex() if row.digest else None)


def _written(row: Document, chart: UUID, event: Event, status: int = 200) -> Written:
    return Written(view(row), row.version, event, row.id, chart, status)
