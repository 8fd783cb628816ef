"""The hospital's rules of signing in: what may be set, within bounds that the database checks too."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.domain.fields import Form, Reason, View


class PolicyChange(Form):
    """All of them at once. No figure switches anything off."""

    tries: Annotated[int, Field(ge=3, le=10)]
    lock_seconds: Annotated[int, Field(ge=60, le=86_400)]
    inactivity_seconds: Annotated[int, Field(ge=60, le=3_600)]
    proof_seconds: Annotated[int, Field(ge=60, le=900)]
    access_seconds: Annotated[int, Field(ge=60, le=900)]
    session_seconds: Annotated[int, Field(ge=900, le=86_400)]
    emergency_seconds: Annotated[int, Field(ge=300, le=43_200)]
    second_factor: bool
    reason: Reason


class PolicyView(View):
    id: UUID
    version: int
    tries: int
    lock_seconds: int
    inactivity_seconds: int
    proof_seconds: int
    access_seconds: int
    session_seconds: int
    emergency_seconds: int
    second_factor: bool
    changed_at: datetime
    changed_by: UUID
    change_reason: str | None
