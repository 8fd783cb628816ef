"""What may be asked of each resource, in an address or in the body of a ``_search``."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.domain.fields import Form
from app.domain.refusals import Rule
from app.exchange.dates import parse_when
from app.routers.exchange_ids import as_uuid, patient_of
from app.services.exchange import Asked

_MOST = 100


def _a_date(written: str) -> str:
    try:
        parse_when(written)
    except (ValueError, OverflowError):
        raise Rule("data inválida: escreva, por exemplo, ge2026-01-31") from None
    return written


def _few(written: list[str]) -> list[str]:
    if len(written) > 4:
        raise Rule("informe até quatro datas")
    return written


Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.\-]{1,64}$")]
PatientName = Annotated[str, StringConstraints(pattern=r"^(Patient/)?[A-Za-z0-9.\-]{1,64}$")]
Dates = Annotated[list[Annotated[str, AfterValidator(_a_date)]], AfterValidator(_few)]


class Paged(Form):
    """What every search may say of its page. More than 100 are never answered at once."""

    count: Annotated[int, Field(ge=1, le=1000, alias="_count")] = 20
    cursor: Annotated[str | None, Field(max_length=600, alias="_cursor")] = None
    spoken: Annotated[
        Literal["json", "application/json", "application/fhir+json"] | None, Field(alias="_format")
    ] = None

    @property
    def limit(self) -> int:
        """How many entries the page holds at most."""
        return min(self.count, _MOST)


class ChartQuery(Paged):
    """Entries of one chart, or one of them."""

    identity: Annotated[Token | None, Field(alias="_id")] = None
    patient: PatientName | None = None

    @model_validator(mode="after")
    def _of_one_chart(self) -> Self:
        if self.patient is None and self.identity is None:
            raise Rule("informe patient ou _id: uma pesquisa lê um só prontuário")
        return self

    def asked(self) -> Asked:
        """As the service takes it. Raises NotFound when the patient can be nobody."""
        dates: list[str] = getattr(self, "when", [])
        return Asked(
            limit=self.limit,
            patient=patient_of(self.patient) if self.patient else None,
            identity=as_uuid(self.identity),
            when=tuple(parse_when(one) for one in dates),
            category=getattr(self, "category", None),
            cursor=self.cursor,
        )


class ByDate(ChartQuery):
    """By when they happened or were entered, as the resource has it."""

    when: Dates = Field(default_factory=list, alias="date")


class ByRecordedDate(ChartQuery):
    """By when they were entered."""

    when: Dates = Field(default_factory=list, alias="recorded-date")


class ByAuthoredOn(ChartQuery):
    """By when they were prescribed."""

    when: Dates = Field(default_factory=list, alias="authoredon")


class Measurements(ByDate):
    """What was measured."""

    category: Literal["vital-signs", "laboratory"] | None = None


class PatientQuery(Paged):
    """In an address: by id alone. A CPF in it would end up in the logs of everything on the way."""

    identity: Annotated[Token | None, Field(alias="_id")] = None
    identifier: Annotated[str | None, Field(max_length=200)] = None

    @model_validator(mode="after")
    def _by_id(self) -> Self:
        if self.identifier is not None:
            raise Rule("envie identifier no corpo de POST Patient/_search, não no endereço")
        if self.identity is None:
            raise Rule("informe _id, ou pesquise por POST Patient/_search")
        return self


class PatientForm(Paged):
    """In a body: by id, by ``system|value`` or ``value``, or both."""

    identity: Annotated[Token | None, Field(alias="_id")] = None
    identifier: Annotated[str | None, Field(max_length=200)] = None

    @model_validator(mode="after")
    def _says_whom(self) -> Self:
        if self.identity is None and self.identifier is None:
            raise Rule("informe _id ou identifier")
        return self

    @property
    def number(self) -> tuple[str | None, str] | None:
        """System (None: any) and value."""
        if self.identifier is None:
            return None
        system, found, value = self.identifier.rpartition("|")
        return (system or None) if found else None, value


class ProvenanceQuery(Paged):
    """Versions of one entry (``target=Condition/…``), or of who a patient is (``patient=…``)."""

    target: Annotated[str | None, StringConstraints(pattern=r"^[A-Za-z]{1,40}/[A-Za-z0-9.\-]{1,64}$")] = None
    patient: PatientName | None = None
    identity: Annotated[Token | None, Field(alias="_id")] = None

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if sum(one is not None for one in (self.target, self.patient, self.identity)) != 1:
            raise Rule("informe um só: target, patient ou _id")
        return self


class AuditEventQuery(Paged):
    """Rows of the audit."""

    identity: Annotated[Token | None, Field(alias="_id")] = None
    patient: PatientName | None = None
    when: Dates = Field(default_factory=list, alias="date")
