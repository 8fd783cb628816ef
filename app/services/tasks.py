"""Tasks, for a person or for whoever holds a role."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.pages import Page, cut, decode_cursor, encode_cursor
from app.domain.refusals import Conflict, Invalid
from app.domain.tasks import TaskEnd, TaskForm, TaskStatus, TaskView
from app.domain.writes import Answer, Repetition, Written
from app.repositories import tasks, versions
from app.services.chart import Entries, open_chart, open_to_write
from app.services.closed_charts import refuse_closed
from app.services.once import once
from app.tables import Task


class Tasks:
    """What somebody still has to do."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    async def add(self, caller: Caller, repetition: Repetition, form: TaskForm) -> Answer:
        """A new task."""
        require(caller, Action.MANAGE_TASKS)

        async def work(session: AsyncSession) -> Written:
            if form.patient_id is not None:
                await open_to_write(session, form.patient_id)
            row = Task(id=uuid4(), status=TaskStatus.OPEN, **form.model_dump())
            await versions.add(session, caller, row)
            return _written(row, Event.RECORD_CREATED, status=201)

        return await once(self._entries.database, caller, repetition, work)

    async def end(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: TaskEnd
    ) -> Answer:
        """Done, or not to be done; what came of it stays with it."""
        require(caller, Action.MANAGE_TASKS)

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, Task, identity, version)
            if row.status != TaskStatus.OPEN:
                raise Conflict("Esta tarefa já foi concluída ou cancelada.")
            values = {"status": form.status, "outcome": form.outcome}
            await versions.change(session, caller, row, values, None)
            return _written(row, Event.RECORD_CHANGED)

        return await once(self._entries.database, caller, repetition, work)

    async def mine(self, caller: Caller, limit: int, cursor: str | None) -> Page[TaskView]:
        """Open tasks of the caller and of the caller's roles, what is due first first."""
        require(caller, Action.MANAGE_TASKS)
        after = None
        if cursor is not None:
            due, identity = decode_cursor(cursor, 2)
            try:
                after = datetime.fromisoformat(due), UUID(identity)
            except ValueError:
                raise Invalid("A marca de página não é válida.") from None
        async with self._entries.database.transaction() as session:
            rows, more = cut(await tasks.open_for(session, caller, limit, after), limit)
        due_last = (rows[-1].due_at or tasks.NEVER).isoformat() if more else ""
        following = encode_cursor(due_last, str(rows[-1].id)) if more else None
        return Page(items=[TaskView.model_validate(row) for row in rows], next=following)

    async def of_patient(self, caller: Caller, patient: UUID) -> Page[TaskView]:
        """Tasks about one patient, the open ones first."""
        require(caller, Action.READ_CHART)
        async with self._entries.database.transaction() as session:
            whole = await open_chart(session, patient)
            await refuse_closed(session, caller, whole)
            rows = await tasks.of_chart(session, whole)
        return Page(items=[TaskView.model_validate(row) for row in rows])


def _written(row: Task, event: Event, status: int = 200) -> Written:
    seen = TaskView.model_validate(row)
    return Written(seen, row.version, event, row.id, patient=row.patient_id, status=status)
