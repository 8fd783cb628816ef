"""Charts opened in an emergency by somebody whom they were closed to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Versioned


class EmergencyAccess(Versioned):
    """One person's access to one chart for a while: ``recorded_by`` opened it, somebody else judges it."""

    __tablename__ = "emergency_accesses"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    reason: Mapped[str]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    verdict: Mapped[str | None]
    remark: Mapped[str | None]
