"""What may be asked of entries of charts; each name is FHIR's own for that resource."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.domain.refusals import Rule
from app.exchange.capability import TYPES
from app.exchange.dates import parse_when
from app.exchange.tokens import parse_tokens
from app.routers.exchange_forms import Dates, Paged, PatientName, Reference, Tokens, Word
from app.routers.exchange_ids import as_uuid, patient_of
from app.services.exchange import Asked

_OWN = frozenset({"_id"})
"""A token that is an id of ours, and no code."""


class ChartQuery(Paged):
    """Entries of one chart, or one of them."""

    identity: Annotated[Word | None, Field(alias="_id")] = None
    changed: Dates = Field(default_factory=list, alias="_lastUpdated")
    patient: PatientName | None = None

    @model_validator(mode="after")
    def _of_one_chart(self) -> Self:
        if self.patient is None and self.identity is None and self._within is None:
            raise Rule("informe patient, encounter ou _id: uma pesquisa lê um só prontuário")
        return self

    @property
    def _within(self) -> str | None:
        """The encounter that is asked for, where one can be."""
        within: str | None = getattr(self, "encounter", None)
        return within

    def asked(self) -> Asked:
        """As the service takes it. Raises NotFound when the patient can be nobody."""
        given = self.model_dump(by_alias=True)
        several = {name: value for name, value in given.items() if name not in _OWN and value}
        return Asked(
            limit=self.limit,
            patient=patient_of(self.patient) if self.patient else None,
            identity=as_uuid(self.identity),
            encounter=as_uuid(self._within.removeprefix("Encounter/")) if self._within else None,
            dates={
                name: tuple(map(parse_when, value))
                for name, value in several.items()
                if TYPES.get(name) == "date"
            },
            tokens={
                name: tuple(map(parse_tokens, value))
                for name, value in several.items()
                if TYPES.get(name) == "token"
            },
            include=frozenset(one.partition(":")[2] for one in given["_include"]),
            cursor=self.cursor,
        )


class EncounterQuery(ChartQuery):
    """Contacts, by when they lasted."""

    when: Dates = Field(default_factory=list, alias="date")
    status: Tokens = Field(default_factory=list)
    kind: Tokens = Field(default_factory=list, alias="class")
    reason: Tokens = Field(default_factory=list, alias="reason-code")
    include: list[Literal["Encounter:patient"]] = Field(default_factory=list, alias="_include")


class ConditionQuery(ChartQuery):
    """Problems, by when they were entered or began."""

    encounter: Reference | None = None
    when: Dates = Field(default_factory=list, alias="recorded-date")
    onset: Dates = Field(default_factory=list, alias="onset-date")
    clinical: Tokens = Field(default_factory=list, alias="clinical-status")
    verified: Tokens = Field(default_factory=list, alias="verification-status")
    category: Tokens = Field(default_factory=list)
    code: Tokens = Field(default_factory=list)
    include: list[Literal["Condition:patient", "Condition:encounter"]] = Field(
        default_factory=list, alias="_include"
    )


class AllergyQuery(ChartQuery):
    """Allergies, and that there are none."""

    when: Dates = Field(default_factory=list, alias="date")
    clinical: Tokens = Field(default_factory=list, alias="clinical-status")
    verified: Tokens = Field(default_factory=list, alias="verification-status")
    criticality: Tokens = Field(default_factory=list)
    code: Tokens = Field(default_factory=list)
    include: list[Literal["AllergyIntolerance:patient"]] = Field(default_factory=list, alias="_include")


class MedicationQuery(ChartQuery):
    """Lines of prescriptions, by when they were prescribed."""

    encounter: Reference | None = None
    when: Dates = Field(default_factory=list, alias="authoredon")
    status: Tokens = Field(default_factory=list)
    intent: Tokens = Field(default_factory=list)
    code: Tokens = Field(default_factory=list)
    include: list[Literal["MedicationRequest:patient", "MedicationRequest:encounter"]] = Field(
        default_factory=list, alias="_include"
    )


class ObservationQuery(ChartQuery):
    """What was measured, by when it was."""

    encounter: Reference | None = None
    when: Dates = Field(default_factory=list, alias="date")
    status: Tokens = Field(default_factory=list)
    category: Tokens = Field(default_factory=list)
    code: Tokens = Field(default_factory=list)
    include: list[Literal["Observation:patient", "Observation:encounter"]] = Field(
        default_factory=list, alias="_include"
    )


class DocumentQuery(ChartQuery):
    """Notes and documents, by when they were entered."""

    encounter: Reference | None = None
    when: Dates = Field(default_factory=list, alias="date")
    status: Tokens = Field(default_factory=list)
    kind: Tokens = Field(default_factory=list, alias="type")
    include: list[Literal["DocumentReference:patient", "DocumentReference:encounter"]] = Field(
        default_factory=list, alias="_include"
    )
