"""What stands at the head of every page of a chart: who it is, and what must not be overlooked."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from app.brazil.demographics import GenderIdentity, Sex
from app.domain.allergies import Allergies, Severity
from app.domain.encounters import EncounterKind
from app.domain.fields import Form, Limit, View
from app.domain.patients import Identity


class HeaderAllergy(View):
    """One active allergy."""

    original: str
    severity: Severity
    reaction: str | None


class HeaderEncounter(View):
    """The contact that is going on."""

    id: UUID
    kind: EncounterKind
    ward: str | None
    bed: str | None
    since: datetime


class HeaderWeight(View):
    """The weight measured last, which doses depend on."""

    value: Decimal
    unit: str
    occurred_at: datetime


class Header(View):
    """The head of a chart. ``patient_id`` is the chart's; ``merged_ids`` other identities it holds."""

    patient_id: UUID
    version: int
    identity: Identity
    name: str
    social_name: str | None
    birth: date | None
    age: str | None
    """In years; below two years in months, below two months in days."""
    sex: Sex
    gender_identity: GenderIdentity | None
    mother: str | None
    cpf_end: str | None
    cns: str | None
    invented: bool
    merged_ids: list[UUID]
    allergies: Allergies
    allergy_list: list[HeaderAllergy]
    encounter: HeaderEncounter | None
    weight: HeaderWeight | None


class ChartSearch(Form):
    """Words to look for; ``"em aspas"`` as they stand, ``-palavra`` without it."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]
    limit: Limit = 20


class Hit(View):
    """An entry with those words; ``excerpt`` marks them with « »."""

    kind: str
    id: UUID
    status: str
    occurred_at: datetime
    excerpt: str


def age(birth: date, today: date) -> str:
    """``41 anos``, ``1 mês``, ``12 dias``."""
    months = (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)
    if months >= 24:
        return f"{months // 12} anos"
    if months >= 2:
        return f"{months} meses"
    days = (today - birth).days
    return f"{days} dia" if days == 1 else f"{days} dias"
