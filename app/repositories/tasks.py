"""Tasks by whom they are for, and by patient."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Caller
from app.domain.tasks import TaskStatus
from app.repositories.chart import members
from app.tables import Task

NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""Where a task without a due time stands in the order."""
_MOST = 200


async def open_for(
    session: AsyncSession, caller: Caller, limit: int, after: tuple[datetime, UUID] | None
) -> Sequence[Task]:
    """A page and one more of open tasks for a person and their roles."""
    due = func.coalesce(Task.due_at, NEVER)
    found = select(Task).where(
        Task.status == TaskStatus.OPEN,
        or_(Task.assignee == caller.account, Task.role.in_([str(role) for role in caller.roles])),
    )
    if after is not None:
        found = found.where(tuple_(due, Task.id) > tuple_(literal(after[0]), literal(after[1])))
    return (await session.scalars(found.order_by(due, Task.id).limit(limit + 1))).all()


async def of_chart(session: AsyncSession, chart: UUID) -> Sequence[Task]:
    """Tasks about a patient, the open ones first, then by due time."""
    found = select(Task).where(Task.patient_id == func.any(members(chart)))
    ordered = found.order_by(Task.status != TaskStatus.OPEN, Task.due_at.nulls_last(), Task.id)
    return (await session.scalars(ordered.limit(_MOST))).all()
