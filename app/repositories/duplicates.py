"""Pairs of identities that may be one person, and what was declared of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Caller
from app.domain.likeness import Likeness
from app.tables import DuplicateProposal, Patient, PatientMerge

OPEN, MERGED, DISMISSED = "aberta", "unificada", "descartada"


async def propose(session: AsyncSession, caller: Caller, identity: UUID, likeness: Likeness) -> None:
    """A pair to look at, unless it already was."""
    first, second = sorted((identity, likeness.other))
    new = insert(DuplicateProposal).values(
        id=uuid4(),
        version=1,
        first_id=first,
        second_id=second,
        score=likeness.score,
        reasons=list(likeness.reasons),
        state=OPEN,
        recorded_by=caller.account,
        changed_by=caller.account,
    )
    await session.execute(new.on_conflict_do_nothing(index_elements=["first_id", "second_id"]))


async def open_proposals(
    session: AsyncSession, limit: int, after: tuple[datetime, UUID] | None
) -> Sequence[DuplicateProposal]:
    """A page of undecided pairs and one more, the oldest first."""
    position = tuple_(DuplicateProposal.recorded_at, DuplicateProposal.id)
    found = select(DuplicateProposal).where(DuplicateProposal.state == OPEN)
    if after is not None:
        found = found.where(position > tuple_(literal(after[0]), literal(after[1])))
    return (
        await session.scalars(
            found.order_by(DuplicateProposal.recorded_at, DuplicateProposal.id).limit(limit + 1)
        )
    ).all()


async def between(session: AsyncSession, one: UUID, two: UUID) -> DuplicateProposal | None:
    """The proposal of that pair, held until the transaction ends."""
    first, second = sorted((one, two))
    found = select(DuplicateProposal).where(
        DuplicateProposal.first_id == first, DuplicateProposal.second_id == second
    )
    return (await session.scalars(found.with_for_update())).first()


async def hold(session: AsyncSession, *charts: UUID) -> dict[UUID, Patient]:
    """Every identity of those charts by its id, held in one order: two callers cannot block each other."""
    found = select(Patient).where(Patient.chart_id.in_(charts)).order_by(Patient.id).with_for_update()
    rows = (await session.scalars(found.execution_options(populate_existing=True))).all()
    return {row.id: row for row in rows}


async def merges_of(session: AsyncSession, identity: UUID) -> Sequence[PatientMerge]:
    """All merges that identity took part in, undone ones too, the latest first."""
    either = or_(PatientMerge.kept_id == identity, PatientMerge.merged_id == identity)
    return (
        await session.scalars(select(PatientMerge).where(either).order_by(PatientMerge.recorded_at.desc()))
    ).all()
