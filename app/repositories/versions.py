"""Rows that are never deleted: adding one, and the next version of one."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Caller
from app.domain.refusals import Changed, NotFound
from app.tables import Versioned

Row = TypeVar("Row", bound=Versioned)


async def add(session: AsyncSession, caller: Caller, row: Row) -> Row:
    """The first version of ``row``, entered by ``caller``; the database says when."""
    row.version = 1
    row.recorded_by = row.changed_by = caller.account
    session.add(row)
    await session.flush()
    return row


async def add_all(session: AsyncSession, caller: Caller, rows: Sequence[Row]) -> None:
    """The first version of several rows, in one statement."""
    for row in rows:
        row.version = 1
        row.recorded_by = row.changed_by = caller.account
    session.add_all(rows)
    await session.flush()


async def lock(session: AsyncSession, table: type[Row], identity: UUID, version: int | None = None) -> Row:
    """The row as it is, held until the transaction ends.

    Raises NotFound, and Changed when the caller has read another ``version`` (None: any will do).
    """
    row = await session.get(table, identity, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    if version is not None and row.version != version:
        raise Changed(versao_atual=row.version)
    return row


async def change(
    session: AsyncSession, caller: Caller, row: Row, values: Mapping[str, Any], reason: str | None
) -> Row:
    """The next version of a locked ``row``; the one before stays in the history."""
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.changed_by = caller.account
    row.change_reason = reason
    await session.flush()
    return row
