"""What a generated patient consists of. Frozen; times carry their offset; units are UCUM's."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from app.brazil.cns import Cns
from app.brazil.contact import Cep, Phone
from app.brazil.cpf import Cpf
from app.brazil.demographics import GenderIdentity, RaceColour, Sex


class EncounterKind(StrEnum):
    """Where a patient is seen."""

    AMBULATORY = "ambulatory"
    EMERGENCY = "emergency"
    INPATIENT = "inpatient"


class ResultStatus(StrEnum):
    """Whether a result may still change (FHIR's words)."""

    PRELIMINARY = "preliminary"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Coded:
    """An entry of a terminology, with the words that were used beside it."""

    system: str
    version: str
    code: str
    term: str
    original: str


@dataclass(frozen=True, slots=True)
class Author:
    """An invented professional; ``registration`` names a council of no state, so it is nobody's."""

    name: str
    occupation: Coded
    registration: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a patient lives; ``municipality`` is IBGE's code of 7 digits, ``state`` the two letters."""

    street: str
    number: str
    complement: str | None
    district: str
    city: str
    municipality: str
    state: str
    cep: Cep


@dataclass(frozen=True, slots=True)
class Patient:
    """Who it is. ``invented`` is always true, and must stay with every copy."""

    id: UUID
    name: str
    social_name: str | None
    mother: str
    birth: date
    sex: Sex
    gender_identity: GenderIdentity | None
    race_colour: RaceColour
    cpf: Cpf
    cns: Cns | None
    phone: Phone | None
    address: Address
    occupation: Coded | None
    invented: bool = True


@dataclass(frozen=True, slots=True)
class Allergy:
    """What the patient does not tolerate; ``severe`` means that it could kill."""

    id: UUID
    substance: str
    reaction: str
    severe: bool
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Encounter:
    """One contact, from ``started`` to ``ended``."""

    id: UUID
    kind: EncounterKind
    started: datetime
    ended: datetime
    author: Author
    reason: Coded


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the problem list; active while ``resolved`` is None."""

    id: UUID
    encounter: UUID
    diagnosis: Coded
    onset: date
    resolved: date | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Medication:
    """A prescribed drug; taken until told otherwise while ``ended`` is None."""

    id: UUID
    encounter: UUID
    problem: UUID
    name: str
    dose: Decimal
    unit: str
    route: str
    frequency: str
    started: date
    ended: date | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Observation:
    """A vital sign or a laboratory result: a number with its unit, or else a text.

    occurred_at: measured, or the sample taken
    recorded_at: entered; never before
    """

    id: UUID
    encounter: UUID
    what: Coded
    value: Decimal | None
    unit: str | None
    text: str | None
    status: ResultStatus
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """What was written down, in Portuguese, in the order subjective, objective, assessment, plan."""

    id: UUID
    encounter: UUID
    author: Author
    text: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A patient with the whole record, each part in the order of its time.

    denies_allergies_at: when the patient said that there are none; None with an empty ``allergies`` means
    that nobody has asked yet
    """

    patient: Patient
    allergies: tuple[Allergy, ...]
    denies_allergies_at: datetime | None
    encounters: tuple[Encounter, ...]
    problems: tuple[Problem, ...]
    medications: tuple[Medication, ...]
    observations: tuple[Observation, ...]
    notes: tuple[Note, ...]
