"""Tasks, for a person or for whoever holds a role."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.pages import Page, cut, decode_cursor, encode_cursor, moment
from app.domain.refusals import Conflict
from app.domain.tasks import TaskEnd, TaskForm, TaskStatus, TaskView
from app.domain.writes import Answer, Repetition, Written
from app.repositories import tasks, versions
from app.services.audit import audit
from app.services.chart import Entries
from app.services.chart_door import open_to_read, open_to_write
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
                await open_to_write(session, caller, form.patient_id)
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
        after = decode_cursor(cursor, moment, UUID)
        async with self._entries.database.transaction() as session:
            rows, more = cut(await tasks.open_for(session, caller, limit, after), limit)
            await audit(session, caller, Event.RECORD_SEARCHED, detail={"kind": "tasks"})
        due_last = (rows[-1].due_at or tasks.NEVER).isoformat() if more else ""
        following = encode_cursor(due_last, str(rows[-1].id)) if more else None
        return Page(items=[TaskView.model_validate(row) for row in rows], next=following)

    async def of_patient(self, caller: Caller, patient: UUID) -> Page[TaskView]:
        """Tasks about one patient, the open ones first."""
        require(caller, Action.READ_CHART)
        async with self._entries.database.transaction() as session:
            whole = await open_to_read(session, caller, patient, kind="tasks")
            rows = await tasks.of_chart(session, whole)
        return Page(items=[TaskView.model_validate(row) for row in rows])


def _written(row: Task, event: Event, status: int = 200) -> Written:
    seen = TaskView.model_validate(row)
    return Written(seen, row.version, event, row.id, patient=row.patient_id, status=status)
