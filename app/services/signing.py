"""Who is to sign what; signing in two steps; what signatures are worth."""

import hashlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.documents import (
    ChainView,
    NoContent,
    Preparation,
    SignatureRequestView,
    SignaturesView,
    SignatureView,
)
from app.domain.pages import Page
from app.domain.refusals import Conflict, NotFound, Refusal
from app.domain.signed_chain import START, first_fault, link
from app.domain.writes import Answer, Repetition, Written
from app.later import Later
from app.repositories import versions
from app.repositories.chart import members
from app.services import signatures
from app.services.audit import audit, audit_apart
from app.services.chart_door import open_chart
from app.services.documents import Documents
from app.services.once import once
from app.signing.values import CertificateRefused, Prepared, RevocationUnknown, State, whole
from app.storage.objects import Objects
from app.tables import Account, Document, SignatureRequest, SignedDocument

if TYPE_CHECKING:
    from app.signing.tools import Tools


class NotSeen(Conflict):
    """The signer saw other bytes than those that are to be signed."""

    kind = "conteudo-nao-conferido"
    title = "Conteúdo não conferido"
    detail = "O que você visualizou não é o que será assinado. Abra o documento novamente e confira."


class Signing:
    """``trust``: the folder that says whose certificates count; None: nobody's."""

    def __init__(
        self, database: Database, objects: Objects, documents: Documents, trust: Path | None
    ) -> None:
        self._database = database
        self._objects = objects
        self._documents = documents
        self._tools = Later(lambda: _tools(trust))

    async def ask(self, caller: Caller, repetition: Repetition, document: UUID) -> Answer:
        """That the caller is to sign ``document``; it stands on their list until they did."""
        require(caller, Action.ATTACH_DOCUMENT)

        async def work(session: AsyncSession) -> Written:
            row = await signatures.signable(session, caller, document)
            asked = SignatureRequest(
                patient_id=row.patient_id, document_id=row.id, account_id=caller.account, state="pendente"
            )
            await versions.add(session, caller, asked)
            return signatures.written(asked, Event.RECORD_CREATED, status=201)

        return await once(self._database, caller, repetition, work)

    async def pending(self, caller: Caller) -> Page[SignatureRequestView]:
        """What the caller has still to sign: shown when they come and before they go."""
        require(caller, Action.READ_CHART)
        asked = select(SignatureRequest).where(
            SignatureRequest.account_id == caller.account, SignatureRequest.state != "assinada"
        )
        async with self._database.transaction() as session:
            rows = await session.scalars(asked.order_by(SignatureRequest.recorded_at).limit(500))
            return Page(items=[signatures.view(one) for one in rows])

    async def preview(self, caller: Caller, request: UUID) -> bytes:
        """The very bytes that are to be signed, an earlier signature of somebody else included."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            asked = await session.get(SignatureRequest, request)
            if asked is None or asked.account_id != caller.account:
                raise NotFound
            document = await signatures.signable(session, caller, asked.document_id)
            name, digest = await signatures.latest(session, document)
            await audit(
                session, caller, Event.DOCUMENT_READ, subject=document.id, patient=document.patient_id
            )
        return await self._documents.stored(caller, document, name, digest)

    async def prepare(
        self, caller: Caller, repetition: Repetition, request: UUID, version: int, form: Preparation
    ) -> Answer:
        """What the caller's device is to sign. Raises CertificateRefused, RevocationUnknown or NotSeen."""
        require(caller, Action.SIGN_DOCUMENT)
        tools = await self._tools()

        async def work(session: AsyncSession) -> Written:
            asked = await signatures.own(session, caller, request, version)
            document = await signatures.signable(session, caller, asked.document_id)
            name, digest = await signatures.latest(session, document)
            if form.seen_sha256 != digest.hex():
                raise NotSeen
            now = datetime.now(UTC)
            cpf = await session.scalar(select(Account.cpf).where(Account.id == caller.account))
            certificate = await tools.accept(b64decode(form.certificate), cpf or "", now)
            pdf = await self._documents.stored(caller, document, name, digest)
            made = await tools.prepare(pdf, certificate, f"Assinatura-{asked.id.hex[:12]}", now)
            attempt: dict[str, Any] = {
                "certificate": form.certificate,
                "object": await self._objects.put(made.pdf),
                "digest": made.digest.hex(),
                "start": made.start,
                "end": made.end,
                "attributes": b64encode(made.attributes).decode(),
                "at": now.isoformat(),
                "before": digest.hex(),
            }
            await versions.change(session, caller, asked, {"state": "preparada", "attempt": attempt}, None)
            return signatures.written(asked, Event.SIGNING_PREPARED)

        return await self._told(caller, request, lambda: once(self._database, caller, repetition, work))

    async def finish(
        self, caller: Caller, repetition: Repetition, request: UUID, version: int, value: bytes
    ) -> Answer:
        """Put the device's signature in, judge the whole, and append it to the patient's chain."""
        require(caller, Action.SIGN_DOCUMENT)
        tools = await self._tools()

        async def work(session: AsyncSession) -> Written:
            asked = await signatures.own(session, caller, request, version)
            if asked.state != "preparada" or asked.attempt is None:
                raise Conflict("A assinatura não foi preparada. Comece pela visualização do documento.")
            document = await signatures.signable(session, caller, asked.document_id)
            attempt = asked.attempt
            _, digest = await signatures.latest(session, document)
            if attempt["before"] != digest.hex():
                raise NotSeen
            prepared = Prepared(
                await self._objects.get(attempt["object"]),
                bytes.fromhex(attempt["digest"]),
                attempt["start"],
                attempt["end"],
                b64decode(attempt["attributes"]),
            )
            at = datetime.fromisoformat(attempt["at"])
            signed = await tools.finish(prepared, b64decode(attempt["certificate"]), value, at)
            await self._append(session, document, caller, signed, at)
            await versions.change(session, caller, asked, {"state": "assinada", "attempt": None}, None)
            return signatures.written(asked, Event.SIGNED)

        return await self._told(caller, request, lambda: once(self._database, caller, repetition, work))

    async def verdicts(self, caller: Caller, document: UUID) -> SignaturesView:
        """What the signatures in ``document`` are worth at this moment; each check is audited."""
        require(caller, Action.READ_CHART)
        tools = await self._tools()
        async with self._database.transaction() as session:
            row = await signatures.signable(session, caller, document)
            name, digest = await signatures.latest(session, row)
            asked = select(SignedDocument).where(SignedDocument.document_id == row.id)
            made = (await session.scalars(asked.order_by(SignedDocument.position))).all()
        pdf = await self._documents.stored(caller, row, name, digest)
        found = await tools.judge(pdf, made[-1].signed_at if made else None)
        worst = whole(found)
        event = Event.SIGNATURE_CHECKED if worst.state is State.VALID else Event.SIGNATURE_NOT_VALID
        await audit_apart(
            self._database,
            caller,
            event,
            subject=row.id,
            patient=row.patient_id,
            detail={"state": worst.state},
        )
        accounts = [one.account_id for one in made] + [None] * len(found)
        shown = [
            SignatureView(state=one.state, cause=one.cause, claimed_at=one.claimed, account_id=account)
            for one, account in zip(found, accounts, strict=False)
        ]
        return SignaturesView(
            state=worst.state, cause=worst.cause, checked_at=datetime.now(UTC), signatures=shown
        )

    async def signed(self, caller: Caller, document: UUID) -> bytes:
        """The document with its signatures, as any validator reads it. Raises NoContent when it has none."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            row = await signatures.signable(session, caller, document)
            name, digest = await signatures.latest(session, row)
            if name == row.object:
                raise NoContent("Este documento ainda não foi assinado.")
            await audit(session, caller, Event.RECORD_EXPORTED, subject=row.id, patient=row.patient_id)
        return await self._documents.stored(caller, row, name, digest)

    async def chain(self, caller: Caller, patient: UUID) -> ChainView:
        """Whether the patient's signed documents are all there, as they were and in their order."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            chart = await open_chart(session, caller, patient)
            asked = select(SignedDocument).where(SignedDocument.patient_id == func.any(members(chart)))
            ordered = asked.order_by(SignedDocument.patient_id, SignedDocument.position)
            rows = (await session.scalars(ordered)).all()
            # Each identity of the chart has a chain of its own, which a merge leaves as it is.
            chains = [list(one) for _, one in groupby(rows, key=attrgetter("patient_id"))]
            faults = [fault for one in chains if (fault := first_fault(one)) is not None]
            await audit(session, caller, Event.SIGNATURE_CHECKED, patient=chart, detail={"chain": not faults})
        return ChainView(whole=not faults, links=len(rows), first_fault=min(faults, default=None))

    async def _append(
        self, session: AsyncSession, document: Document, caller: Caller, signed: bytes, at: datetime
    ) -> None:
        # One at a time for a patient, so that positions follow each other.
        await session.execute(select(func.pg_advisory_xact_lock(document.patient_id.int >> 65)))
        asked = select(SignedDocument).where(SignedDocument.patient_id == document.patient_id)
        last = await session.scalar(asked.order_by(SignedDocument.position.desc()).limit(1))
        row = SignedDocument(
            id=uuid4(),
            patient_id=document.patient_id,
            position=last.position + 1 if last else 1,
            document_id=document.id,
            account_id=caller.account,
            object=await self._objects.put(signed),
            digest=hashlib.sha256(signed).digest(),
            signed_at=at,
        )
        row.hash = link(last.hash if last else START, row)
        session.add(row)

    async def _told(self, caller: Caller, request: UUID, attempt: Any) -> Answer:
        """Do it; a refusal of the signature itself is told to the audit, with its cause."""
        try:
            answer: Answer = await attempt()
        except (CertificateRefused, RevocationUnknown, NotSeen) as refused:
            await self._failed(caller, request, refused)
            raise
        return answer

    async def _failed(self, caller: Caller, request: UUID, refused: Refusal) -> None:
        cause = refused.cause if isinstance(refused, CertificateRefused) else refused.kind
        await audit_apart(
            self._database, caller, Event.SIGNING_FAILED, subject=request, detail={"cause": cause}
        )


def _tools(trust: Path | None) -> "Tools":
    from app.signing.tools import Tools  # noqa: PLC0415 - half a second that most processes never need

    return Tools(trust)
