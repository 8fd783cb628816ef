"""Notes and prescriptions as documents of the patient: what their authors read before they sign."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.documents import DocumentKind, DocumentState
from app.domain.entries import INACTIVATED
from app.domain.media import MediaType
from app.domain.medications import MedicationStatus
from app.domain.notes import DRAFT, NoteView
from app.domain.patients import PatientView
from app.domain.refusals import Conflict, NotFound
from app.domain.rendering import (
    About,
    AlreadyInactivated,
    Author,
    CouncilNumberNeeded,
    NoLongerAsPrescribed,
    SourceKind,
)
from app.domain.writes import Answer, Repetition, Written
from app.later import Later
from app.repositories import documents, prescriptions, versions
from app.services.chart_door import open_to_read
from app.services.documents import view
from app.services.entry_kinds import NotTheAuthor
from app.services.notes import NOTES
from app.services.once import once
from app.services.prescriptions import prescription_view
from app.storage.objects import Objects
from app.tables import Account, Document, Note, Patient, Prescription

if TYPE_CHECKING:
    from app.printing.printer import Printer


@dataclass(frozen=True)
class _Shape:
    """What a document is to be, and what prints it."""

    source: SourceKind
    kind: DocumentKind
    title: str
    pdf: Callable[[About], Awaitable[bytes]]


class Rendering:
    """``institution`` and ``software`` (name and release) stand on every page."""

    def __init__(self, database: Database, objects: Objects, institution: str, software: str) -> None:
        self._database = database
        self._objects = objects
        self._institution = institution
        self._software = software
        self._printer = Later(_printer)

    async def note(self, caller: Caller, repetition: Repetition, identity: UUID, version: int) -> Answer:
        """The document of the ``version`` of a note that its author read; there is one, however often asked.

        Raises NotTheAuthor, Conflict for a draft, AlreadyInactivated, NotPrintable or StoreUnavailable.
        """
        require(caller, Action.ATTACH_DOCUMENT)
        printer = await self._printer()

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, Note, identity, version)
            if not NOTES.visible(row, caller):
                raise NotFound
            chart = await _opened(session, caller, row, SourceKind.NOTE)
            if row.status == DRAFT:
                raise Conflict("Esta evolução ainda é um rascunho: conclua-a e gere o documento.")
            seen = NoteView.model_validate(row)
            title = printer.title_of(seen)
            shape = _Shape(SourceKind.NOTE, DocumentKind.NOTE, title, lambda about: printer.note(seen, about))
            return await self._rendered(session, caller, row, chart, shape)

        return await once(self._database, caller, repetition, work)

    async def prescription(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int
    ) -> Answer:
        """The document of a prescription as it was made, for who made it.

        Raises what ``note`` does, NoLongerAsPrescribed, and CouncilNumberNeeded.
        """
        require(caller, Action.ATTACH_DOCUMENT)
        require(caller, Action.PRESCRIBE)
        printer = await self._printer()

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, Prescription, identity, version)
            chart = await _opened(session, caller, row, SourceKind.PRESCRIPTION)
            lines = await prescriptions.lines(session, identity)
            if any(one.version > 1 or one.status != MedicationStatus.ACTIVE for one in lines):
                raise NoLongerAsPrescribed
            seen = prescription_view(row, lines)
            shape = _Shape(
                SourceKind.PRESCRIPTION,
                DocumentKind.PRESCRIPTION,
                "Receita",
                lambda about: printer.prescription(seen, about),
            )
            return await self._rendered(session, caller, row, chart, shape)

        return await once(self._database, caller, repetition, work)

    async def _rendered(
        self, session: AsyncSession, caller: Caller, row: Note | Prescription, chart: UUID, shape: _Shape
    ) -> Written:
        """The locked entry's document: of two that ask at once, the second finds the first one's."""
        before = await documents.of_source(session, shape.source, row.id, row.version)
        if before is not None:
            if before.state == DocumentState.INACTIVE:
                raise AlreadyInactivated
            return Written(view(before), before.version, Event.RECORD_VIEWED, before.id, chart)
        about = await self._about(session, caller, chart)
        if shape.kind is DocumentKind.PRESCRIPTION and about.author.registration is None:
            raise CouncilNumberNeeded
        content = await shape.pdf(about)
        made = Document(
            id=about.document,
            patient_id=row.patient_id,
            kind=shape.kind,
            title=shape.title,
            occurred_at=row.occurred_at,
            state=DocumentState.ACTIVE,
            media_type=MediaType.PDF,
            size=len(content),
            digest=hashlib.sha256(content).digest(),
            object=await self._objects.put(content),
            source_kind=shape.source,
            source_id=row.id,
            source_version=row.version,
        )
        await versions.add(session, caller, made)
        return Written(view(made), made.version, Event.DOCUMENT_RENDERED, made.id, chart, status=201)

    async def _about(self, session: AsyncSession, caller: Caller, chart: UUID) -> About:
        """The page's head. Its time is the transaction's: the same that the record keeps for the document."""
        patient = await session.get_one(Patient, chart)
        author = await session.get_one(Account, caller.account)
        now: datetime = (await session.scalars(select(func.now()))).one()
        return About(
            document=uuid4(),
            patient=PatientView.model_validate(patient),
            author=Author(author.name, author.registration),
            institution=self._institution,
            software=self._software,
            made=now,
        )


async def _opened(session: AsyncSession, caller: Caller, row: Note | Prescription, kind: SourceKind) -> UUID:
    """The chart of an entry that counts, for its author. Raises NotTheAuthor, ChartClosed or Conflict."""
    if row.recorded_by != caller.account:
        raise NotTheAuthor("Somente quem escreveu este registro pode gerar o documento dele.")
    chart = await open_to_read(session, caller, row.patient_id, subject=row.id, kind=kind)
    if row.status == INACTIVATED:
        raise Conflict("Este registro foi inativado: não se gera documento dele.")
    return chart


def _printer() -> "Printer":
    from app.printing.printer import Printer  # noqa: PLC0415 - Typst, which one request in a thousand needs

    return Printer()
