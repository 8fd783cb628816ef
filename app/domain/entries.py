"""What every entry of a chart shows, and the word for one that no longer counts."""

from datetime import datetime
from uuid import UUID

from pydantic import computed_field

from app.domain.fields import Form, Occurred, View

INACTIVATED = "inativado"
"""Kept, shown struck through, with the reason: nothing of the record is deleted."""


class EntryForm(Form):
    """A new entry: when it happened (now, unless told), and in which encounter."""

    occurred_at: Occurred | None = None
    encounter_id: UUID | None = None


class Versions(View):
    """Who entered this, who made this version of it, when, and why."""

    id: UUID
    version: int
    recorded_at: datetime
    recorded_by: UUID
    changed_at: datetime
    changed_by: UUID
    change_reason: str | None


class EntryView(Versions):
    """An entry. ``occurred_at`` is when it happened, ``recorded_at`` when it was entered."""

    patient_id: UUID
    encounter_id: UUID | None
    status: str
    occurred_at: datetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def struck_through(self) -> bool:
        """To be shown, but crossed out."""
        return self.status == INACTIVATED


class PastVersionView(View):
    """One version of an entry, as it stood."""

    version: int
    content: dict[str, object]
