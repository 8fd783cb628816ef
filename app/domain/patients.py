"""Who a patient is: what is entered, what is shown, and the states an identity can be in."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import StringConstraints, model_validator

from app.brazil.demographics import GenderIdentity, RaceColour, Sex
from app.domain.fields import (
    BirthDate,
    CepDigits,
    CnsDigits,
    CpfDigits,
    Form,
    Limit,
    Line,
    PhoneNumber,
    Reason,
    View,
)
from app.domain.refusals import Rule


class Identity(StrEnum):
    """How sure it is who the patient is."""

    IDENTIFIED = "identificado"
    PROVISIONAL = "provisorio"
    """Nobody knows yet: the name is what the hospital calls them until then."""


class Address(Form):
    """Where a patient lives; ``municipality`` is IBGE's code of 7 digits, ``state`` the two letters."""

    street: Line
    number: Line
    complement: Line | None = None
    district: Line
    city: Line
    municipality: Annotated[str, StringConstraints(pattern=r"^[0-9]{7}$")] | None = None
    state: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    cep: CepDigits | None = None


class Demographics(Form):
    """What identifies a person. Unknown is null; a patient without a CPF or a CNS is normal."""

    name: Line
    social_name: Line | None = None
    mother: Line | None = None
    birth: BirthDate
    sex: Sex
    gender_identity: GenderIdentity | None = None
    race_colour: RaceColour | None = None
    cpf: CpfDigits | None = None
    cns: CnsDigits | None = None
    phone: PhoneNumber | None = None
    address: Address | None = None


class Registration(Demographics):
    """A new patient. ``certain_new``: somebody looked at the possible duplicates, and it is none of them."""

    certain_new: bool = False


class Unknown(Form):
    """A patient who cannot say who they are, as after an accident."""

    description: Line
    """What tells them apart, e.g. ``homem, cerca de 40 anos, tatuagem no braço``."""
    sex: Sex = Sex.UNKNOWN


class Correction(Demographics):
    """The whole identity as it now is, and why it is another one."""

    reason: Reason


class PatientView(View):
    """A patient, with whom the chart is shared when two entries proved to be one person."""

    id: UUID
    version: int
    chart_id: UUID
    identity: Identity
    name: str
    social_name: str | None
    description: str | None
    mother: str | None
    birth: date | None
    sex: Sex
    gender_identity: GenderIdentity | None
    race_colour: RaceColour | None
    cpf: str | None
    cns: str | None
    phone: str | None
    address: Address | None
    invented: bool
    recorded_at: datetime
    changed_at: datetime


class Registered(PatientView):
    """A patient just entered or corrected, with others who may be the same person."""

    possible_duplicates: tuple[UUID, ...] = ()


class PatientLine(View):
    """One line of a list of patients: enough to tell namesakes apart."""

    id: UUID
    name: str
    social_name: str | None
    mother: str | None
    birth: date | None
    sex: Sex
    cpf_end: str | None
    """The last five digits: enough to compare, too few to copy."""
    identity: Identity
    invented: bool


class PatientSearch(Form):
    """By name or mother's name (words may be cut short, accents do not matter), CPF, CNS, or date of birth.

    In the body, since a name or a number in an address would end up in logs.
    """

    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] | None = None
    mother: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] | None = None
    birth: BirthDate | None = None
    limit: Limit = 20
    cursor: Annotated[str, StringConstraints(max_length=600)] | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        words = f"{self.text or ''} {self.mother or ''}".split()
        if self.birth is None and max(map(len, words), default=0) < 3:
            raise Rule("informe ao menos três letras do nome, um CPF, um CNS ou a data de nascimento")
        return self
