"""Which entries of ours become which resource, and what may be asked of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.sql import func

from app.domain.allergies import AllergyView, DenialView
from app.domain.documents import DocumentState, DocumentView
from app.domain.encounters import EncounterView
from app.domain.entries import EntryView
from app.domain.medications import MedicationView
from app.domain.notes import DRAFT, NoteView
from app.domain.observations import ObservationView
from app.domain.problems import ProblemView
from app.exchange.allergy import allergy, denial
from app.exchange.condition import condition
from app.exchange.document_reference import document, note
from app.exchange.encounter import encounter
from app.exchange.medication_request import medication_request
from app.exchange.observation import CATEGORY, observation
from app.exchange.parts import Resource
from app.tables import (
    Allergy,
    AllergyDenial,
    Document,
    Encounter,
    Medication,
    Note,
    Observation,
    Problem,
)

_FOREVER: ColumnElement[Any] = literal_column("'infinity'::timestamptz")


@dataclass(frozen=True)
class Source:
    """One table behind a resource.

    view: what its mapper takes, made of a row, or of a version in the history
    begins, ends: what a search by date compares with
    shown: what must hold for an entry to be exchanged at all
    """

    table: Any
    view: type[EntryView] | type[DocumentView]
    render: Callable[[Any, UUID], Resource]
    begins: ColumnElement[Any]
    ends: ColumnElement[Any] | None = None
    shown: tuple[ColumnElement[bool], ...] = ()

    @property
    def name(self) -> str:
        """The table's own."""
        return str(self.table.__tablename__)

    def of_row(self, row: Any) -> Any:
        """The row's view."""
        return self.view.model_validate(row)

    def of_version(self, content: Mapping[str, Any]) -> Any:
        """The view of a version as the history keeps it."""
        return self.view.model_validate({**content, "coded": content})


@dataclass(frozen=True)
class Exchanged:
    """A resource; ``categories``: FHIR's word for each of ours, where one may be asked for."""

    name: str
    sources: tuple[Source, ...]
    categories: Mapping[str, ColumnElement[bool]] = field(default_factory=dict)


EXCHANGED = (
    Exchanged(
        "Encounter",
        (
            Source(
                Encounter,
                EncounterView,
                encounter,
                Encounter.occurred_at.expression,
                func.coalesce(Encounter.ended_at, _FOREVER),
            ),
        ),
    ),
    Exchanged("Condition", (Source(Problem, ProblemView, condition, Problem.recorded_at.expression),)),
    Exchanged(
        "AllergyIntolerance",
        (
            Source(Allergy, AllergyView, allergy, Allergy.recorded_at.expression),
            Source(AllergyDenial, DenialView, denial, AllergyDenial.recorded_at.expression),
        ),
    ),
    Exchanged(
        "MedicationRequest",
        (Source(Medication, MedicationView, medication_request, Medication.occurred_at.expression),),
    ),
    Exchanged(
        "Observation",
        (Source(Observation, ObservationView, observation, Observation.occurred_at.expression),),
        {word: Observation.category == ours for ours, word in CATEGORY.items()},
    ),
    Exchanged(
        "DocumentReference",
        (
            # A draft is no part of the record: not even its author exchanges it.
            Source(Note, NoteView, note, Note.recorded_at.expression, shown=(Note.status != DRAFT,)),
            Source(
                Document,
                DocumentView,
                document,
                Document.recorded_at.expression,
                shown=(Document.state != DocumentState.WAITING,),
            ),
        ),
    ),
)
