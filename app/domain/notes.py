"""Notes: drafts that are never lost, versions that stay, inactivation that is seen."""

from enum import StrEnum

from app.domain.entries import EntryForm, EntryView
from app.domain.fields import Form, Line, Occurred, Prose, Reason

DRAFT, FINAL = "rascunho", "final"


class NoteKind(StrEnum):
    """What sort of text it is."""

    PROGRESS = "evolucao"
    ADMISSION = "admissao"
    DISCHARGE = "alta"
    NURSING = "enfermagem"
    PHARMACY = "farmacia"
    OPINION = "parecer"


class NoteForm(EntryForm):
    """A new note; a draft stays its author's alone until it is finished."""

    kind: NoteKind
    title: Line | None = None
    text: Prose
    draft: bool = False


class DraftForm(Form):
    """A draft as it is now; with ``finish`` it becomes part of the record."""

    kind: NoteKind
    title: Line | None = None
    text: Prose
    occurred_at: Occurred | None = None
    finish: bool = False


class NoteCorrection(Form):
    """The note as it should read, and why the earlier version was wrong."""

    title: Line | None = None
    text: Prose
    reason: Reason


class NoteView(EntryView):
    """A note; ``recorded_by`` is its author."""

    kind: NoteKind
    title: str | None
    text: str
