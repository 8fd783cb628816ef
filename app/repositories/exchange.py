"""Entries as they are exchanged: one that may be shown, a page by date, versions by the entry's id."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.exchange.dates import Compare, When
from app.tables import PastVersion


async def one(session: AsyncSession, table: Any, identity: UUID, *conditions: ColumnElement[bool]) -> Any:
    """The row of that id that ``conditions`` let be seen; None otherwise."""
    return await session.scalar(select(table).where(table.id == identity, *conditions))


def within(begins: ColumnElement[Any], ends: ColumnElement[Any], when: When) -> ColumnElement[bool]:
    """Whether what lasts from ``begins`` to ``ends`` relates to a time as FHIR's prefix says."""
    if when.compare is Compare.FROM:
        return ends >= when.begin
    if when.compare is Compare.AFTER:
        return ends >= when.end
    if when.compare is Compare.UNTIL:
        return begins < when.end
    if when.compare is Compare.BEFORE:
        return begins < when.begin
    return and_(begins >= when.begin, ends < when.end)


async def past(
    session: AsyncSession, tables: Sequence[str], identity: UUID, version: int | None = None
) -> Sequence[PastVersion]:
    """Versions of the entry of that id in whichever of ``tables`` it stands, the first one first."""
    found = select(PastVersion).where(PastVersion.kind.in_(tables), PastVersion.id == identity)
    if version is not None:
        found = found.where(PastVersion.version == version)
    return (await session.scalars(found.order_by(PastVersion.version))).all()
