"""Documents and their signatures over HTTP."""

from base64 import b64decode
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.documents import (
    ChainView,
    DocumentForm,
    DocumentView,
    Inactivation,
    Preparation,
    Signature,
    SignatureRequestView,
    SignaturesView,
)
from app.domain.media import MediaType
from app.domain.pages import Page
from app.routers.caller import Asking
from app.routers.headers import Once, VersionRead, answered, shown
from app.services.documents import Content, Documents
from app.services.signing import Signing
from app.signing.values import digest_of

_ATTACHED = {"content-disposition": 'attachment; filename="documento"'}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_KEPT: dict[str, Any] = {"content": {one.value: _BYTES for one in MediaType}}
_PDF: dict[int | str, dict[str, Any]] = {200: {"content": {MediaType.PDF.value: _BYTES}}, 409: {}}


def document_routes(documents: Documents) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["documentos"])

    @routes.post("/patients/{patient}/documents", status_code=201, response_model=DocumentView)
    async def announce(caller: Asking, once: Once, patient: UUID, form: DocumentForm) -> Response:
        return answered(await documents.announce(caller, once, patient, form))

    @routes.get("/patients/{patient}/documents", response_model=Page[DocumentView])
    async def of_patient(caller: Asking, patient: UUID) -> Response:
        return shown(await documents.of_patient(caller, patient))

    @routes.put(
        "/documents/{document}/content",
        response_model=DocumentView,
        responses={415: {}},
        openapi_extra={"requestBody": _KEPT | {"required": True}},
    )
    async def fill(
        caller: Asking, version: VersionRead, once: Once, document: UUID, request: Request
    ) -> Response:
        sent = Content(version, await request.body(), request.headers.get("content-type", ""))
        return answered(await documents.fill(caller, once, document, sent))

    @routes.get("/documents/{document}/content", response_class=Response, responses={200: _KEPT, 409: {}})
    async def content(caller: Asking, document: UUID) -> Response:
        seen, stored = await documents.content(caller, document)
        return Response(stored, media_type=seen.media_type, headers=_ATTACHED)

    @routes.post("/documents/{document}/inactivate", response_model=DocumentView)
    async def inactivate(
        caller: Asking, once: Once, version: VersionRead, document: UUID, form: Inactivation
    ) -> Response:
        return answered(await documents.inactivate(caller, once, document, version, form.reason))

    return routes


def signature_routes(signing: Signing) -> APIRouter:
    """Version 1 of the interface."""
    routes = APIRouter(prefix="/api/v1", tags=["assinaturas"])

    @routes.post(
        "/documents/{document}/signature-requests", status_code=201, response_model=SignatureRequestView
    )
    async def ask(caller: Asking, once: Once, document: UUID) -> Response:
        return answered(await signing.ask(caller, once, document))

    @routes.get("/signature-requests", response_model=Page[SignatureRequestView])
    async def pending(caller: Asking) -> Response:
        return shown(await signing.pending(caller))

    @routes.get("/signature-requests/{asked}/preview", response_class=Response, responses=_PDF)
    async def preview(caller: Asking, asked: UUID) -> Response:
        pdf = await signing.preview(caller, asked)
        return Response(
            pdf, media_type="application/pdf", headers={"x-document-sha256": digest_of(pdf), **_ATTACHED}
        )

    @routes.post("/signature-requests/{asked}/prepare", response_model=SignatureRequestView)
    async def prepare(
        caller: Asking, once: Once, version: VersionRead, asked: UUID, form: Preparation
    ) -> Response:
        return answered(await signing.prepare(caller, once, asked, version, form))

    @routes.post("/signature-requests/{asked}/finish", response_model=SignatureRequestView)
    async def finish(
        caller: Asking, once: Once, version: VersionRead, asked: UUID, form: Signature
    ) -> Response:
        return answered(await signing.finish(caller, once, asked, version, b64decode(form.value)))

    @routes.get("/documents/{document}/signatures", response_model=SignaturesView, responses={409: {}})
    async def verdicts(caller: Asking, document: UUID) -> Response:
        return shown(await signing.verdicts(caller, document))

    @routes.get("/documents/{document}/signed-content", response_class=Response, responses=_PDF)
    async def signed(caller: Asking, document: UUID) -> Response:
        return Response(
            await signing.signed(caller, document), media_type="application/pdf", headers=_ATTACHED
        )

    @routes.get("/patients/{patient}/signed-chain", response_model=ChainView)
    async def chain(caller: Asking, patient: UUID) -> Response:
        return shown(await signing.chain(caller, patient))

    return routes
