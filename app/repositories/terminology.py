"""Codes that may be chosen, from the editions that were loaded."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import TerminologyConcept, TerminologyEdition

_OF = (TerminologyConcept.terminology == TerminologyEdition.terminology) & (
    TerminologyConcept.edition == TerminologyEdition.edition
)
Found = Row[tuple[str, str, str, str, str, str | None]]


async def concepts(session: AsyncSession, wanted: Iterable[tuple[str, str]]) -> Sequence[Found]:
    """Concepts by (terminology, code), those of the edition loaded last first."""
    found = (
        select(
            TerminologyConcept.terminology,
            TerminologyConcept.edition,
            TerminologyConcept.code,
            TerminologyConcept.term,
            TerminologyEdition.system,
            TerminologyConcept.sex,
        )
        .join(TerminologyEdition, _OF)
        .where(tuple_(TerminologyConcept.terminology, TerminologyConcept.code).in_(list(wanted)))
        .where(TerminologyConcept.active)
        .order_by(TerminologyEdition.loaded_at.desc(), TerminologyConcept.edition.desc())
    )
    return (await session.execute(found)).all()


async def search(
    session: AsyncSession, terminology: str, text: str, limit: int
) -> Sequence[TerminologyConcept]:
    """Concepts of the edition loaded last, by code or by words of their terms, shortest term first."""
    latest = (
        select(TerminologyEdition.edition)
        .where(TerminologyEdition.terminology == terminology)
        .order_by(TerminologyEdition.loaded_at.desc(), TerminologyEdition.edition.desc())
        .limit(1)
        .scalar_subquery()
    )
    words = func.search_words(TerminologyConcept.term).op("@@")(func.search_query(text))
    code = TerminologyConcept.code == text.upper().replace(".", "")
    found = (
        select(TerminologyConcept)
        .where(TerminologyConcept.terminology == terminology, TerminologyConcept.edition == latest)
        .where(TerminologyConcept.active, words | code)
        .order_by(func.length(TerminologyConcept.term), TerminologyConcept.code)
        .limit(limit)
    )
    return (await session.scalars(found)).all()
