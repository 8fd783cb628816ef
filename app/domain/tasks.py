"""Tasks: for a person or a role, with a due time, and with an outcome when they are done."""

from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import model_validator

from app.domain.caller import Role
from app.domain.entries import Versions
from app.domain.fields import Form, Line, Planned, Prose, Reason
from app.domain.refusals import Rule


class TaskStatus(StrEnum):
    """``concluida`` says what came of it, ``cancelada`` why it was not done."""

    OPEN = "aberta"
    DONE = "concluida"
    CANCELLED = "cancelada"


class TaskForm(Form):
    """Something to be done, about a patient or not."""

    title: Line
    details: Prose | None = None
    patient_id: UUID | None = None
    assignee: UUID | None = None
    role: Role | None = None
    due_at: Planned | None = None

    @model_validator(mode="after")
    def _for_somebody(self) -> Self:
        if self.assignee is None and self.role is None:
            raise Rule("informe quem deve fazer: uma pessoa ou um perfil")
        return self


class TaskEnd(Form):
    """What came of it."""

    status: TaskStatus
    outcome: Reason

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.status is TaskStatus.OPEN:
            raise Rule("conclua ou cancele a tarefa")
        return self


class TaskView(Versions):
    """A task."""

    patient_id: UUID | None
    status: TaskStatus
    title: str
    details: str | None
    assignee: UUID | None
    role: Role | None
    due_at: datetime | None
    outcome: str | None
