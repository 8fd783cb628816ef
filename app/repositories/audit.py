"""The audit's rows and chain."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Text, cast, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.audit_chain import Anchor, Entry, Link
from app.domain.audit_reading import AuditFilter, AuditLine, Order
from app.tables.audit import AuditEntry, AuditLink, AuditPending

COLUMNS = (
    AuditEntry.entry,
    AuditEntry.at,
    AuditEntry.event,
    AuditEntry.account,
    AuditEntry.session,
    AuditEntry.address,
    AuditEntry.subject,
    AuditEntry.patient,
    cast(AuditEntry.detail, Text).label("detail"),
)


async def add(session: AsyncSession, columns: Mapping[str, object]) -> None:
    """One more row; the database says when."""
    await session.execute(insert(AuditEntry).values(columns).inline())


async def seal(session: AsyncSession, most: int) -> int | None:
    """Give up to ``most`` rows their links: how many got one; None when somebody else is at it."""
    sealed: int | None = await session.scalar(select(func.seal_audit(most)))
    return sealed


async def links(session: AsyncSession, after: int, most: int) -> Sequence[Link]:
    """Up to ``most`` links behind position ``after``, with their rows."""
    found = await session.execute(
        select(AuditLink.position, AuditLink.hash, *COLUMNS)
        .join(AuditEntry, AuditEntry.entry == AuditLink.entry, isouter=True)
        .where(AuditLink.position > after)
        .order_by(AuditLink.position)
        .limit(most)
    )
    return [Link(one[0], one[1], None if one[2] is None else Entry(*one[2:])) for one in found]


async def end(session: AsyncSession) -> Anchor | None:
    """The last link."""
    found = await session.execute(
        select(AuditLink.position, AuditLink.hash).order_by(AuditLink.position.desc()).limit(1)
    )
    last = found.one_or_none()
    return None if last is None else Anchor(last[0], last[1])


async def unsealed(session: AsyncSession, longer_than: timedelta) -> int | None:
    """The first row that should have a link by now, and has none."""
    entry: int | None = await session.scalar(
        select(AuditEntry.entry)
        .where(AuditEntry.at < func.now() - longer_than)
        .where(~select(AuditLink.entry).where(AuditLink.entry == AuditEntry.entry).exists())
        .order_by(AuditEntry.entry)
        .limit(1)
    )
    return entry


async def pending(session: AsyncSession) -> int:
    """How many rows wait for their links."""
    return await session.scalar(select(func.count()).select_from(AuditPending)) or 0


async def read(
    session: AsyncSession, asked: AuditFilter, order: Order, after: int | None, most: int
) -> list[AuditLine]:
    """Up to ``most`` rows that ``asked`` describes, behind row ``after``."""
    key = AuditEntry.entry
    found = (
        select(AuditEntry, AuditLink.position, AuditLink.hash)
        .join(AuditLink, AuditLink.entry == key, isouter=True)
        .order_by(key if order is Order.OLDEST else key.desc())
        .limit(most)
    )
    if after is not None:
        found = found.where(key > after if order is Order.OLDEST else key < after)
    if asked.since is not None:
        found = found.where(AuditEntry.at >= asked.since)
    if asked.until is not None:
        found = found.where(AuditEntry.at < asked.until)
    if asked.event:
        found = found.where(AuditEntry.event.in_([str(one) for one in asked.event]))
    for column, value in (
        (AuditEntry.account, asked.account),
        (AuditEntry.subject, asked.subject),
        (AuditEntry.patient, asked.patient),
    ):
        if value is not None:
            found = found.where(column == value)
    return [
        AuditLine(
            **{
                name: getattr(row, name)
                for name in AuditLine.model_fields
                if name not in ("position", "hash")
            },
            position=position,
            hash=digest.hex() if digest is not None else None,
        )
        for row, position, digest in await session.execute(found)
    ]
