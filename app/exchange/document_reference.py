"""DocumentReference: notes, with their text, and documents, whose content is a Binary of its own."""

from base64 import b64encode
from uuid import UUID

from app.domain.documents import DocumentKind, DocumentState, DocumentView
from app.domain.entries import INACTIVATED
from app.domain.notes import NoteKind, NoteView
from app.exchange.parts import Resource, concept, entry, instant, person, reference, said

LOINC = "http://loinc.org"
NOTES = {
    NoteKind.PROGRESS: ("11506-3", "Evolução"),
    NoteKind.ADMISSION: ("34117-2", "Admissão"),
    NoteKind.DISCHARGE: ("18842-5", "Sumário de alta"),
    NoteKind.NURSING: ("34746-8", "Evolução de enfermagem"),
    NoteKind.PHARMACY: (None, "Evolução farmacêutica"),
    NoteKind.OPINION: ("11488-4", "Parecer"),
}
_DOCUMENTS = {
    DocumentKind.EXAM: "Exame",
    DocumentKind.REPORT: "Laudo",
    DocumentKind.REFERRAL: "Encaminhamento",
    DocumentKind.CONSENT: "Termo de consentimento",
    DocumentKind.PRESCRIPTION: "Receita",
    DocumentKind.CERTIFICATE: "Atestado",
    DocumentKind.NOTE: "Evolução",
    DocumentKind.OTHER: "Outro documento",
}


def note(view: NoteView, chart: UUID) -> Resource:
    """A finished note in the chart ``chart``. A correction is told by its reason: drafts have none."""
    wrong = view.status == INACTIVATED
    told = "amended" if view.change_reason else "final"
    code, words = NOTES[view.kind]
    context = said({"encounter": [one] if (one := reference("Encounter", view.encounter_id)) else None})
    return entry(
        "DocumentReference",
        view,
        {
            "status": "entered-in-error" if wrong else "current",
            "docStatus": "entered-in-error" if wrong else told,
            "type": concept(LOINC, code, words) if code else {"text": words},
            "subject": reference("Patient", chart),
            "date": instant(view.recorded_at),
            "author": [person(view.recorded_by)],
            "description": view.title,
            "content": [{"attachment": _text(view)}],
            "context": context | {"period": {"start": instant(view.occurred_at)}},
        },
    )


def document(view: DocumentView, chart: UUID) -> Resource:
    """A document of the chart ``chart``. ``size`` in bytes. Its digest is none of FHIR's, which is SHA-1."""
    wrong = view.state is DocumentState.INACTIVE
    attachment = {
        "contentType": view.media_type,
        "url": f"Binary/{view.id}",
        "size": view.size,
        "title": view.title,
        "creation": instant(view.occurred_at),
    }
    return entry(
        "DocumentReference",
        view,
        {
            "status": "entered-in-error" if wrong else "current",
            "docStatus": "entered-in-error" if wrong else "final",
            "type": {"text": _DOCUMENTS[view.kind]},
            "subject": reference("Patient", chart),
            "date": instant(view.recorded_at),
            "author": [person(view.recorded_by)],
            "description": view.title,
            "content": [{"attachment": said(attachment)}],
            "context": {"period": {"start": instant(view.occurred_at)}},
        },
    )


def _text(view: NoteView) -> Resource:
    return said(
        {
            "contentType": "text/plain; charset=utf-8",
            "language": "pt-BR",
            "data": b64encode(view.text.encode()).decode(),
            "title": view.title,
            "creation": instant(view.occurred_at),
        }
    )
