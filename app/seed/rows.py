"""A generated record as rows of the records' tables, in the order of their columns below."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

from app.domain.allergies import ACTIVE, STANDING, Severity
from app.domain.medications import MedicationStatus
from app.domain.notes import FINAL, NoteKind
from app.domain.observations import Category
from app.domain.observations import ResultStatus as Shown
from app.domain.problems import ACTIVE as HAS
from app.domain.problems import RESOLVED, Certainty
from app.seed.records import Medication, Observation, PatientRecord, ResultStatus
from app.seed.row_columns import COLUMNS
from app.seed.row_parts import account, coded_columns, entry, uncoded_columns
from app.seed.row_people import IN_BED, encounter_row, in_bed_row, patient_row

Rows = Iterator[tuple[str, Mapping[str, Any]]]

_VITAL_SIGNS = frozenset(
    {"8480-6", "8462-4", "8867-4", "9279-1", "8310-5", "59408-5"}
    | {"29463-7", "8302-2", "72514-3", "33452-4", "11881-0", "55283-6"}
)


def rows(record: PatientRecord, index: int) -> Rows:
    """Table and columns of every row of one record; rows come after those that they refer to."""
    first = account(record.encounters[0].author)
    authors = {one.id: account(one.author) for one in record.encounters}
    yield "patients", patient_row(record, first)
    for one in record.encounters:
        yield "encounters", encounter_row(record, one)
    if index % IN_BED == 0:
        yield "encounters", in_bed_row(record, index)
    for allergy in record.allergies:
        severity = Severity.SEVERE if allergy.severe else Severity.MODERATE
        words = {"substance": allergy.substance, "reaction": allergy.reaction, "severity": severity}
        yield (
            "allergies",
            entry(record, allergy.id, None, allergy.recorded_at, first)
            | {
                **uncoded_columns(words.pop("substance")),
                **words,
                "status": ACTIVE,
            },
        )
    if record.denies_allergies_at is not None:
        denial = uuid5(record.patient.id, "denial")
        yield (
            "allergy_denials",
            entry(record, denial, None, record.denies_allergies_at, first) | {"status": STANDING},
        )
    for problem in record.problems:
        yield (
            "problems",
            entry(record, problem.id, problem.encounter, problem.recorded_at, authors[problem.encounter])
            | {
                **coded_columns(problem.diagnosis),
                "status": RESOLVED if problem.resolved else HAS,
                "certainty": Certainty.CONFIRMED,
                "onset": problem.onset,
                "resolved": problem.resolved,
            },
        )
    yield from _medications(record, authors)
    for observation in _last_words(record.observations):
        yield "observations", _observation(record, observation, authors[observation.encounter])
    for note in record.notes:
        yield (
            "notes",
            entry(record, note.id, note.encounter, note.occurred_at, account(note.author))
            | {
                "status": FINAL,
                "kind": NoteKind.PROGRESS,
                "text": note.text,
            },
        )


def as_tuple(table: str, columns: Mapping[str, Any]) -> tuple[Any, ...]:
    """The row as COPY wants it."""
    return tuple(columns.get(name) for name in COLUMNS[table])


def _medications(record: PatientRecord, authors: Mapping[UUID, UUID]) -> Rows:
    """Lines of one encounter and day are one prescription."""
    heads: dict[tuple[UUID, object], UUID] = {}
    for one in record.medications:
        key, by = (one.encounter, one.started), authors[one.encounter]
        if key not in heads:
            heads[key] = uuid5(one.encounter, one.started.isoformat())
            head = entry(record, heads[key], one.encounter, one.recorded_at, by)
            yield "prescriptions", head | {"status": "valida"}
        yield "medications", _medication(record, one, heads[key], by)


def _medication(record: PatientRecord, one: Medication, head: UUID, by: UUID) -> Mapping[str, Any]:
    return entry(record, one.id, one.encounter, one.recorded_at, by) | {
        **uncoded_columns(one.name),
        "status": MedicationStatus.ENDED if one.ended else MedicationStatus.ACTIVE,
        "prescription_id": head,
        "problem_id": one.problem,
        **{name: getattr(one, name) for name in ("dose", "unit", "route", "frequency", "started", "ended")},
    }


def _last_words(observations: tuple[Observation, ...]) -> Iterator[Observation]:
    """Without the partial results that a final one followed."""
    final = {(one.what.code, one.occurred_at) for one in observations if one.status is ResultStatus.FINAL}
    for one in observations:
        if one.status is ResultStatus.FINAL or (one.what.code, one.occurred_at) not in final:
            yield one


def _observation(record: PatientRecord, one: Observation, by: UUID) -> Mapping[str, Any]:
    vital = one.what.code in _VITAL_SIGNS
    return entry(record, one.id, one.encounter, one.occurred_at, by) | {
        **coded_columns(one.what),
        "status": Shown.FINAL if one.status is ResultStatus.FINAL else Shown.PARTIAL,
        "category": Category.VITAL_SIGN if vital else Category.LABORATORY,
        "value": one.value,
        "unit": one.unit,
        "words": one.text,
    }
