"""Entries as they are exchanged: one that may be shown, a page by date, versions by the entry's id."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.exchange.dates import Compare, When
from app.exchange.tokens import Token
from app.tables import PastVersion

Sought = Callable[[Token], ColumnElement[bool]]
"""Whether an entry has what a token asks for."""


async def one(session: AsyncSession, table: Any, identity: UUID, *conditions: ColumnElement[bool]) -> Any:
    """The row of that id that ``conditions`` let be seen; None otherwise."""
    return await session.scalar(select(table).where(table.id == identity, *conditions))


def within(begins: ColumnElement[Any], ends: ColumnElement[Any], when: When) -> ColumnElement[bool]:
    """Whether what lasts from ``begins`` to ``ends`` relates to a time as FHIR's prefix says."""
    inside = and_(begins >= when.begin, ends < when.end)
    related: dict[Compare, ColumnElement[bool]] = {
        Compare.WITHIN: inside,
        Compare.OUTSIDE: not_(inside),
        Compare.FROM: ends >= when.begin,
        Compare.AFTER: ends >= when.end,
        Compare.ALL_AFTER: begins >= when.end,
        Compare.UNTIL: begins < when.end,
        Compare.BEFORE: begins < when.begin,
        Compare.ALL_BEFORE: ends < when.begin,
    }
    return related[when.compare]


def coded(table: Any) -> Sought:
    """By the code that a person chose; an entry in plain words alone has none."""

    def has(token: Token) -> ColumnElement[bool]:
        found: list[ColumnElement[bool]] = [] if token.code is None else [table.code == token.code]
        if token.system is not None:
            found.append(table.system == token.system if token.system else table.system.is_(None))
        return and_(*found)

    return has


def among(system: str, codes: Mapping[str, ColumnElement[bool]]) -> Sought:
    """By a code of ``system`` that stands for something of ours; any other finds nothing."""

    def has(token: Token) -> ColumnElement[bool]:
        return or_(false(), *(holds for code, holds in codes.items() if token.fits(system, code)))

    return has


async def past(
    session: AsyncSession, tables: Sequence[str], identity: UUID, version: int | None = None
) -> Sequence[PastVersion]:
    """Versions of the entry of that id in whichever of ``tables`` it stands, the first one first."""
    found = select(PastVersion).where(PastVersion.kind.in_(tables), PastVersion.id == identity)
    if version is not None:
        found = found.where(PastVersion.version == version)
    return (await session.scalars(found.order_by(PastVersion.version))).all()
