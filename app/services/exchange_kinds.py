"""Which entries of ours become which resource."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

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
from app.exchange.observation import observation
from app.exchange.parts import Resource
from app.repositories.exchange import Sought
from app.services import exchange_searches as searches
from app.services.exchange_searches import Span
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


@dataclass(frozen=True)
class Source:
    """One table behind a resource.

    view: what its mapper takes, made of a row, or of a version in the history
    dates, tokens: what a search by each of these names compares with
    shown: what must hold for an entry to be exchanged at all
    """

    table: Any
    view: type[EntryView] | type[DocumentView]
    render: Callable[[Any, UUID], Resource]
    dates: Mapping[str, Span]
    tokens: Mapping[str, Sought]
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
    """A resource."""

    name: str
    sources: tuple[Source, ...] = field(default_factory=tuple)


EXCHANGED = (
    Exchanged(
        "Encounter",
        (
            Source(
                Encounter,
                EncounterView,
                encounter,
                searches.ENCOUNTER_DATES,
                searches.ENCOUNTER,
            ),
        ),
    ),
    Exchanged(
        "Condition",
        (Source(Problem, ProblemView, condition, searches.CONDITION_DATES, searches.CONDITION),),
    ),
    Exchanged(
        "AllergyIntolerance",
        (
            Source(Allergy, AllergyView, allergy, searches.recorded(Allergy, "date"), searches.ALLERGY),
            Source(
                AllergyDenial, DenialView, denial, searches.recorded(AllergyDenial, "date"), searches.DENIAL
            ),
        ),
    ),
    Exchanged(
        "MedicationRequest",
        (
            Source(
                Medication,
                MedicationView,
                medication_request,
                searches.happened(Medication, "authoredon"),
                searches.MEDICATION,
            ),
        ),
    ),
    Exchanged(
        "Observation",
        (
            Source(
                Observation,
                ObservationView,
                observation,
                searches.happened(Observation, "date"),
                searches.OBSERVATION,
            ),
        ),
    ),
    Exchanged(
        "DocumentReference",
        (
            # A draft is no part of the record: not even its author exchanges it.
            Source(
                Note, NoteView, note, searches.recorded(Note, "date"), searches.NOTE, (Note.status != DRAFT,)
            ),
            Source(
                Document,
                DocumentView,
                document,
                searches.recorded(Document, "date"),
                searches.DOCUMENT,
                (Document.state != DocumentState.WAITING,),
            ),
        ),
    ),
)
