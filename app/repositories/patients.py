"""Patients by number, by name, and by who may be the same person."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.patients import PatientSearch
from app.tables import Patient

_NUMBER = re.compile(r"[0-9.\- ]+")
_SEPARATORS = re.compile(r"[.\- ]")
_SEARCH = Patient.__table__.c.search
_PLAIN = func.plain_words(Patient.name)
_MOTHER = func.name_words(func.coalesce(Patient.mother, ""))
_LINE = (
    Patient.id,
    Patient.name,
    Patient.social_name,
    Patient.mother,
    Patient.birth,
    Patient.sex,
    func.right(Patient.cpf, 5).label("cpf_end"),
    Patient.identity,
    Patient.invented,
    _PLAIN.label("plain"),
)
_OWN_CHART = Patient.chart_id == Patient.id
"""Merged identities are found by their numbers, and are no line of their own otherwise."""


async def numbered(
    session: AsyncSession, cpf: str | None, cns: str | None, but: UUID | None = None
) -> UUID | None:
    """Who else than ``but`` has that CPF or that CNS."""
    conditions = [column == value for column, value in ((Patient.cpf, cpf), (Patient.cns, cns)) if value]
    if not conditions:
        return None
    found = conditions[0] if len(conditions) == 1 else conditions[0] | conditions[1]
    rows = (await session.execute(select(Patient.id).where(found))).scalars()
    return next((identity for identity in rows if identity != but), None)


async def by_number(session: AsyncSession, text: str) -> Sequence[Row[Any]]:
    """The patient whose chart has an identity with that CPF (11 digits) or CNS (15), if there is one."""
    digits = _SEPARATORS.sub("", text)
    column = Patient.cpf if len(digits) == 11 else Patient.cns
    chart = select(Patient.chart_id).where(column == digits).scalar_subquery()
    return (await session.execute(select(*_LINE).where(Patient.id == chart))).all()


def is_number(text: str) -> bool:
    """Whether somebody typed a CPF or a CNS rather than a name."""
    return bool(_NUMBER.fullmatch(text)) and len(_SEPARATORS.sub("", text)) in (11, 15)


async def by_name(
    session: AsyncSession, search: PatientSearch, after: tuple[str, UUID] | None
) -> Sequence[Row[Any]]:
    """A page and one more, in the order of plain names; ``after``: the last line of the page before."""
    conditions: list[ColumnElement[bool]] = [_OWN_CHART]
    if search.text:
        query = func.to_tsquery("names_plain", _prefixes(search.text))
        conditions.append(_SEARCH.op("@@")(query))
    if search.mother:
        query = func.to_tsquery("names_plain", _prefixes(search.mother))
        conditions.append(_MOTHER.op("@@")(query))
    if search.birth:
        conditions.append(Patient.birth == search.birth)
    if after:
        conditions.append(tuple_(_PLAIN, Patient.id) > tuple_(literal(after[0]), literal(after[1])))
    found = select(*_LINE).where(*conditions).order_by(_PLAIN, Patient.id)
    return (await session.execute(found.limit(search.limit + 1))).all()


async def sounding_like(session: AsyncSession, text: str, limit: int) -> Sequence[Row[Any]]:
    """Those whose names are spelt nearly so, the nearest first."""
    plain = func.plain_words(text)
    near = select(*_LINE).where(_OWN_CHART, _PLAIN.op("%")(plain))
    return (
        await session.execute(near.order_by(func.similarity(_PLAIN, plain).desc(), Patient.id).limit(limit))
    ).all()


async def alike(
    session: AsyncSession, name: str, birth: date | None, mother: str | None, but: UUID | None
) -> Sequence[Row[tuple[UUID, date | None, float, float, bool]]]:
    """Identities that share the date of birth and nearly the name, or the whole name.

    Each with how alike names and mothers are (0 to 1), and whether both mothers are known.
    """
    plain = func.plain_words(name)
    name_score = func.similarity(_PLAIN, plain)
    mother_score = func.similarity(
        func.plain_words(func.coalesce(Patient.mother, "")), func.plain_words(mother or "")
    )
    same_name = plain == _PLAIN
    either = same_name if birth is None else same_name | ((Patient.birth == birth) & (name_score >= 0.4))
    found = select(
        Patient.id,
        Patient.birth,
        name_score,
        mother_score,
        (Patient.mother.is_not(None) & literal(mother is not None)),
    ).where(_OWN_CHART, either)
    if but is not None:
        found = found.where(Patient.id != but)
    return (await session.execute(found.limit(200))).all()


def _prefixes(text: str) -> str:
    """Each word as the beginning of a name. Only letters and digits are left, so nothing is an operator.

    No word at all is a query that finds nobody.
    """
    words = re.findall(r"[^\W_]+", text)
    return " & ".join(f"{word}:*" for word in words)
