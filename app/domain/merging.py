"""Merging identities of one person, and separating them again: forms, views, and whose chart is whose."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from app.domain.fields import Form, Reason, View


class MergeForm(Form):
    """``merged_id`` is the same person as ``kept_id``, whose chart then holds both."""

    kept_id: UUID
    merged_id: UUID
    reason: Reason


class Why(Form):
    """Why something is undone, dismissed, or no longer shown as valid."""

    reason: Reason


class MergeView(View):
    """One merge. Nothing was moved by it, so ``undone_at`` may be set at any later time."""

    id: UUID
    version: int
    kept_id: UUID
    merged_id: UUID
    undone_at: datetime | None
    recorded_at: datetime
    recorded_by: UUID
    changed_at: datetime
    changed_by: UUID
    change_reason: str | None


class ProposalView(View):
    """Two identities that may be one person; ``score`` from 0 to 1."""

    id: UUID
    version: int
    first_id: UUID
    second_id: UUID
    score: float
    reasons: list[str]
    state: str
    recorded_at: datetime


def charts(parents: Mapping[UUID, UUID | None]) -> dict[UUID, UUID]:
    """Whose chart each identity belongs to, given what each was merged into. There are no circles."""

    def root(one: UUID) -> UUID:
        parent = parents[one]
        return one if parent is None else root(parent)

    return {one: root(one) for one in parents}
