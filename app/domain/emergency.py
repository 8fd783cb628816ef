"""Access in an emergency: what is asked for, and what is shown of it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.domain.fields import Form, Reason, View


class Verdict(StrEnum):
    """What whoever reviews it finds."""

    JUSTIFIED = "justificado"
    NOT_JUSTIFIED = "nao-justificado"


Justification = Annotated[Reason, Field(min_length=15)]
"""A sentence: somebody else must be able to judge it."""


class Opening(Form):
    patient_id: UUID
    reason: Justification


class Review(Form):
    verdict: Verdict
    remark: Reason


class EmergencyView(View):
    id: UUID
    version: int
    patient_id: UUID
    reason: str
    recorded_at: datetime
    recorded_by: UUID
    expires_at: datetime
    ended_at: datetime | None
    verdict: Verdict | None
    remark: str | None
    changed_at: datetime
    changed_by: UUID
