"""What may be asked of each resource, in an address or in the body of a ``_search``."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.domain.fields import BirthDate, Form
from app.domain.patients import PatientSearch
from app.domain.refusals import Rule
from app.exchange.dates import Compare, parse_when
from app.exchange.tokens import parse_tokens

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


def _a_token(written: str) -> str:
    try:
        parse_tokens(written)
    except ValueError:
        raise Rule("código inválido: escreva, por exemplo, http://loinc.org|8867-4 ou 8867-4") from None
    return written


def _few_codes(written: list[str]) -> list[str]:
    if len(written) > 4:
        raise Rule("repita um código até quatro vezes")
    return written


Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.\-]{1,64}$")]
PatientName = Annotated[str, StringConstraints(pattern=r"^(Patient/)?[A-Za-z0-9.\-]{1,64}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^(Encounter/)?[A-Za-z0-9.\-]{1,64}$")]
Dates = Annotated[list[Annotated[str, AfterValidator(_a_date)]], AfterValidator(_few)]
"""Each of them must hold."""
Tokens = Annotated[
    list[Annotated[str, StringConstraints(max_length=2000), AfterValidator(_a_token)]],
    AfterValidator(_few_codes),
]
"""Each of them must hold; of one with commas in it, any part."""


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


class PatientQuery(Paged):
    """In an address: by id alone. A CPF or a name in it would end up in the logs of everything on the way."""

    identity: Annotated[Word | None, Field(alias="_id")] = None
    identifier: Annotated[str | None, Field(max_length=200)] = None
    name: Annotated[str | None, Field(max_length=120)] = None
    birthdate: Annotated[str | None, Field(max_length=20)] = None

    @model_validator(mode="after")
    def _by_id(self) -> Self:
        if (self.identifier, self.name, self.birthdate) != (None, None, None):
            raise Rule("envie identifier, name e birthdate no corpo de POST Patient/_search")
        if self.identity is None:
            raise Rule("informe _id, ou pesquise por POST Patient/_search")
        return self


class PatientForm(Paged):
    """In a body: by id, by ``system|value`` or ``value``, or both; or by name, date of birth, or both."""

    identity: Annotated[Word | None, Field(alias="_id")] = None
    identifier: Annotated[str | None, Field(max_length=200)] = None
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=120)] | None = None
    birthdate: BirthDate | None = None

    @model_validator(mode="after")
    def _says_whom(self) -> Self:
        numbered = self.identity is not None or self.identifier is not None
        if numbered == self.named:
            raise Rule("informe _id ou identifier; ou então name, birthdate ou os dois")
        return self

    @property
    def named(self) -> bool:
        """Whether this asks for whoever is called so, and not for one number."""
        return self.name is not None or self.birthdate is not None

    def search(self) -> PatientSearch:
        """The register's own search for that name and that day."""
        # Judged by this form already.
        return PatientSearch.model_construct(text=self.name, birth=self.birthdate, limit=self.limit)

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
    identity: Annotated[Word | None, Field(alias="_id")] = None

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if sum(one is not None for one in (self.target, self.patient, self.identity)) != 1:
            raise Rule("informe um só: target, patient ou _id")
        return self


class AuditEventQuery(Paged):
    """Rows of the audit; ``subtype``: our own words for events."""

    identity: Annotated[Word | None, Field(alias="_id")] = None
    patient: PatientName | None = None
    when: Dates = Field(default_factory=list, alias="date")
    subtype: Tokens = Field(default_factory=list)

    @model_validator(mode="after")
    def _of_one_span(self) -> Self:
        if any(parse_when(one).compare is Compare.OUTSIDE for one in self.when):
            raise Rule("a auditoria não aceita ne em datas: pergunte por dois períodos")
        if len(self.subtype) > 1:
            raise Rule("informe um só subtype, com vírgulas entre os eventos")
        return self
