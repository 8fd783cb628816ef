"""Entries of a chart as pages: what stands where, in the words that clinicians and pharmacists read."""

from collections.abc import Sequence
from decimal import Decimal

from app.brazil.cns import Cns
from app.brazil.cpf import Cpf
from app.brazil.dates import format_date, format_moment
from app.domain.medications import MedicationView, PrescriptionView
from app.domain.notes import NoteKind, NoteView
from app.domain.patients import Identity, PatientView
from app.domain.rendering import About, Author
from app.printing.pdf import Part, Printed

_UNKNOWN = "não informado"
_UNREGISTERED = "registro profissional não informado"
_SIGNATURE = "A assinatura digital, quando há, está no arquivo PDF; a folha impressa não a contém."
_CONTROLLED = "Medicamentos sujeitos a controle especial e antimicrobianos pedem o receituário próprio."
_NOTES = {
    NoteKind.PROGRESS: "Evolução",
    NoteKind.ADMISSION: "Admissão",
    NoteKind.DISCHARGE: "Alta",
    NoteKind.NURSING: "Evolução de enfermagem",
    NoteKind.PHARMACY: "Evolução farmacêutica",
    NoteKind.OPINION: "Parecer",
}
PRESCRIPTION = "Receita"


def name_of(note: NoteView) -> str:
    """What a note is called in a list of documents: as its author did, or by its kind."""
    return note.title or _NOTES[note.kind]


def note_page(note: NoteView, about: About) -> Printed:
    """A finished note, every line of it."""
    titled = [("Título", note.title)] if note.title else []
    facts = [*titled, *_times(note), ("Profissional", _person(about.author)), ("Versão", _version(note))]
    parts = [Part("Texto", _lines(note.text))]
    return _page(note, about, "evolução", title=_NOTES[note.kind], facts=facts, parts=parts)


def prescription_page(prescription: PrescriptionView, about: About) -> Printed:
    """A prescription as it was made, each drug a part of its own."""
    mother = ("Mãe", about.patient.mother or _UNKNOWN)
    facts = [mother, *_times(prescription), ("Prescritor", _person(about.author))]
    parts = [
        Part(f"{place}. {_drug(one)}", _line(one)) for place, one in enumerate(prescription.medications, 1)
    ]
    parts.append(Part("Atenção", [_CONTROLLED]))
    return _page(prescription, about, "prescrição", title=PRESCRIPTION, facts=facts, parts=parts)


def _page(
    entry: NoteView | PrescriptionView,
    about: About,
    source: str,
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    parts: Sequence[Part],
) -> Printed:
    footer = (
        f"Documento {about.document}, gerado em {format_moment(about.made)} a partir da versão "
        f"{entry.version} da {source} {entry.id}. {_SIGNATURE}"
    )
    return Printed(
        title, about.institution, about.software, _patient(about.patient), facts, parts, footer, about.made
    )


def _patient(one: PatientView) -> list[tuple[str, str]]:
    """Who it is, by two marks at least: a page may lie alone."""
    provisional = " (identificação provisória)" if one.identity is Identity.PROVISIONAL else ""
    names = [("Paciente", (one.social_name or one.name) + provisional)]
    if one.social_name:
        names.append(("Nome civil", one.name))
    numbers = [("CPF", str(Cpf(one.cpf)))] if one.cpf else []
    if one.cns and not one.cpf:
        numbers.append(("CNS", str(Cns(one.cns))))
    born = ("Nascimento", format_date(one.birth) if one.birth else _UNKNOWN)
    invented = [("Atenção", "paciente fictício")] if one.invented else []
    return [*names, born, *(numbers or [("CPF", _UNKNOWN)]), ("Prontuário", str(one.chart_id)), *invented]


def _person(author: Author) -> str:
    return f"{author.name}, {author.registration or _UNREGISTERED}"


def _times(entry: NoteView | PrescriptionView) -> list[tuple[str, str]]:
    """When it happened, and when it was entered."""
    return [
        ("Data e hora", format_moment(entry.occurred_at)),
        ("Registrado em", format_moment(entry.recorded_at)),
    ]


def _version(note: NoteView) -> str:
    if note.change_reason is None:
        return str(note.version)
    reason = " ".join(note.change_reason.split())
    return f"{note.version}, corrigida em {format_moment(note.changed_at)}. Motivo: {reason}"


def _lines(text: str) -> list[str]:
    """Paragraphs. A tab has no shape of its own, and an empty line no words."""
    return [line.expandtabs(4) for line in text.splitlines() if line.strip()]


def _drug(one: MedicationView) -> str:
    term = one.coded.term
    return f"{one.coded.original} ({term})" if term and term != one.coded.original else one.coded.original


def _line(one: MedicationView) -> list[str]:
    until = f" até {format_date(one.ended)}" if one.ended else ""
    shown = [
        f"{_number(one.dose)} {one.unit}, {one.route}, {one.frequency}",
        f"A partir de {format_date(one.started)}{until}",
        *_lines(one.instructions or ""),
    ]
    if one.allergy_reason:
        reason = " ".join(one.allergy_reason.split())
        shown.append(f"Há alergia registrada. Motivo da prescrição: {reason}")
    return shown


def _number(dose: Decimal) -> str:
    """``0,5``, and never ``5,0``, which is read as 50."""
    return f"{dose.normalize():f}".replace(".", ",")
