"""Fields that several forms share. A refusal is one Portuguese line that quotes nothing."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.brazil.cns import parse_cns
from app.brazil.contact import parse_cep, parse_phone
from app.brazil.cpf import parse_cpf
from app.domain.refusals import Rule

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OLDEST = date(1880, 1, 1)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_HUGE = Decimal(10) ** 8
CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours a device's clock may be before an entry counts as from the future."""


class Form(BaseModel):
    """What is sent: complete, without anything unknown. Its checks are built when the first one comes."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class View(BaseModel):
    """What is answered; made from rows by their names."""

    model_config = ConfigDict(frozen=True, from_attributes=True, defer_build=True)


def _digits_of(parse: Callable[[str], Any], attribute: str) -> Callable[[str], str]:
    """A check that keeps what is stored of a number, and speaks as the record does."""

    def check(written: str) -> str:
        try:
            return str(getattr(parse(written), attribute))
        except ValueError as fault:
            raise Rule(str(fault)) from None

    return check


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise Rule("contém caracteres que não podem ser gravados")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise Rule("escreva em uma única linha")
    return text


def _born(day: date) -> date:
    if not _OLDEST <= day <= datetime.now(UTC).date():
        raise Rule("a data de nascimento não pode estar no futuro nem antes de 1880")
    return day


def _plausible_day(day: date) -> date:
    if not _OLDEST <= day < _LATEST.date():
        raise Rule("data fora do período aceito")
    return day


def _happened(when: datetime) -> datetime:
    if not when >= _EARLIEST:
        raise Rule("data e hora anteriores a 1900")
    if when > datetime.now(UTC) + CLOCK_SKEW:
        raise Rule("data e hora no futuro: confira o relógio do aparelho")
    return when.astimezone(UTC)


def _planned(when: datetime) -> datetime:
    if not _EARLIEST <= when < _LATEST:
        raise Rule("data e hora fora do período aceito")
    return when.astimezone(UTC)


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
    AfterValidator(_one_line),
]
"""A few words: no line breaks, nothing that cannot be printed."""
Prose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000),
    AfterValidator(_printable),
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=5, max_length=500),
    AfterValidator(_printable),
]
"""Why something is changed: a few words that somebody can judge later."""
CpfDigits = Annotated[str, StringConstraints(max_length=20), AfterValidator(_digits_of(parse_cpf, "digits"))]
CnsDigits = Annotated[str, StringConstraints(max_length=24), AfterValidator(_digits_of(parse_cns, "digits"))]
CepDigits = Annotated[str, StringConstraints(max_length=12), AfterValidator(_digits_of(parse_cep, "digits"))]
PhoneNumber = Annotated[
    str, StringConstraints(max_length=40), AfterValidator(_digits_of(parse_phone, "e164"))
]
BirthDate = Annotated[date, AfterValidator(_born)]
Day = Annotated[date, AfterValidator(_plausible_day)]
Occurred = Annotated[AwareDatetime, AfterValidator(_happened)]
"""When it happened, told by who enters it; UTC. When it was entered, the database says."""
Planned = Annotated[AwareDatetime, AfterValidator(_planned)]
"""A time that may still come; UTC."""
Amount = Annotated[Decimal, Field(max_digits=14, decimal_places=6, gt=-_HUGE, lt=_HUGE)]
"""A measured or prescribed number; its unit stands beside it."""
Limit = Annotated[int, Field(ge=1, le=100)]
"""How many entries a page holds at most."""
