"""Whom a document waits for, and with which signatures it lies there: the rows behind signing."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.documents import DocumentState, NoContent, SignatureRequestView
from app.domain.media import MediaType
from app.domain.refusals import Conflict, Forbidden, NotFound
from app.domain.writes import Written
from app.repositories import versions
from app.services.chart_door import open_chart
from app.tables import Document, SignatureRequest, SignedDocument


async def signable(session: AsyncSession, caller: Caller, document: UUID) -> Document:
    """The document, if signatures can be put on it and its chart is open to the caller.

    Raises NotFound, ChartClosed, NoContent or Conflict if not.
    """
    row = await session.get(Document, document)
    if row is None:
        raise NotFound
    await open_chart(session, caller, row.patient_id)
    if row.state != DocumentState.ACTIVE:
        raise NoContent
    if row.media_type != MediaType.PDF:
        raise Conflict("Somente documentos em PDF têm assinatura digital.")
    return row


async def own(session: AsyncSession, caller: Caller, request: UUID, version: int) -> SignatureRequest:
    """The caller's request, locked and still to be signed; Forbidden or Conflict if not."""
    asked = await versions.lock(session, SignatureRequest, request, version)
    if asked.account_id != caller.account:
        raise Forbidden("Este documento espera a assinatura de outra pessoa.")
    if asked.state == "assinada":
        raise Conflict("O documento já foi assinado por você.")
    return asked


async def latest(session: AsyncSession, document: Document) -> tuple[str, bytes]:
    """Object and digest of the document with the signatures that it has."""
    asked = select(SignedDocument).where(SignedDocument.document_id == document.id)
    last = await session.scalar(asked.order_by(SignedDocument.position.desc()).limit(1))
    if last is not None:
        return last.object, last.digest
    return document.object or "", document.digest or b""


def view(row: SignatureRequest) -> SignatureRequestView:
    """What its signer sees of it."""
    shown = {
        name: getattr(row, name) for name in ("id", "version", "patient_id", "document_id", "account_id")
    }
    attempt = row.attempt or {}
    return SignatureRequestView(
        **shown,
        state=row.state,
        recorded_at=row.recorded_at,
        document_sha256=attempt.get("before"),
        to_sign=attempt.get("attributes"),
    )


def written(row: SignatureRequest, event: Event, status: int = 200) -> Written:
    """The answer to a write of it."""
    return Written(view(row), row.version, event, row.id, row.patient_id, status)
