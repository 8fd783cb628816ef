"""Drafts, and words anywhere in a chart."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Row, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.notes import DRAFT
from app.repositories.chart import of_chart
from app.tables import Allergy, Medication, Note, Observation, Problem

_MOST_DRAFTS = 200
_PLAIN = "portuguese_plain"
_MARKS = "StartSel=«,StopSel=»,MaxFragments=2,MaxWords=18,MinWords=6"


async def drafts(session: AsyncSession, author: UUID) -> Sequence[Note]:
    """Unfinished notes of one author, what was touched last first."""
    found = select(Note).where(Note.recorded_by == author, Note.status == DRAFT)
    return (await session.scalars(found.order_by(Note.changed_at.desc()).limit(_MOST_DRAFTS))).all()


def search_statement(chart: UUID, text: str, reader: UUID) -> CompoundSelect[Any]:
    """Entries of a chart with those words, whatever their accents and endings; drafts to their author."""
    query = func.search_query(text)
    stored = Note.__table__.c.search
    parts = [
        select(
            literal("notes").label("kind"),
            Note.id,
            Note.status,
            Note.occurred_at,
            func.ts_rank(stored, query).label("rank"),
            func.ts_headline(_PLAIN, Note.text, func.websearch_to_tsquery(_PLAIN, text), _MARKS).label(
                "excerpt"
            ),
        ).where(
            of_chart(Note, chart),
            stored.op("@@")(query),
            or_(Note.status != DRAFT, Note.recorded_by == reader),
        )
    ]
    for table in (Problem, Allergy, Medication, Observation):
        said = func.concat_ws(" ", table.original, table.term)
        if table is Observation:
            said = func.concat_ws(" ", said, Observation.words)
        words = func.search_words(said)
        parts.append(
            select(
                literal(table.__tablename__).label("kind"),
                table.id,
                table.status,
                table.occurred_at,
                func.ts_rank(words, query).label("rank"),
                said.label("excerpt"),
            ).where(of_chart(table, chart), words.op("@@")(query))
        )
    return union_all(*parts)


async def search(
    session: AsyncSession, chart: UUID, text: str, reader: UUID, limit: int
) -> Sequence[Row[Any]]:
    """The best matches first, then what happened last."""
    found = search_statement(chart, text, reader).subquery()
    ordered = select(found).order_by(found.c.rank.desc(), found.c.occurred_at.desc(), found.c.id)
    return (await session.execute(ordered.limit(limit))).all()
