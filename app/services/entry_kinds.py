"""What distinguishes one kind of entry from another: table, view, who writes, who sees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from app.domain.access import Action
from app.domain.caller import Caller
from app.domain.entries import EntryForm, EntryView
from app.domain.refusals import Conflict, Forbidden
from app.tables import Entry

Row = TypeVar("Row", bound=Entry)
Seen = TypeVar("Seen", bound=EntryView)


class NotTheAuthor(Forbidden):
    """What one person wrote, another may not change."""

    kind = "somente-o-autor"
    title = "Somente o autor pode alterar"
    detail = "Somente quem escreveu este registro pode corrigi-lo ou inativá-lo."


class Inactive(Conflict):
    """The entry was inactivated, and stays as it is."""

    kind = "registro-inativado"
    title = "Registro inativado"
    detail = "Este registro foi inativado e não pode mais ser alterado."


def anybody(_: Entry, __: Caller) -> bool:
    """Whoever may read the chart sees the entry."""
    return True


@dataclass(frozen=True)
class Kind(Generic[Row, Seen]):
    """One kind of entry. ``authors_only``: nobody else changes it. ``visible``: who sees a certain one."""

    table: type[Row]
    view: type[Seen]
    write: Action
    authors_only: bool = False
    visible: Callable[[Row, Caller], bool] = anybody


def new(table: type[Row], patient: UUID, form: EntryForm, columns: Mapping[str, Any]) -> Row:
    """A row of that form; what happened without a time, happened now."""
    return table(
        id=uuid4(),
        patient_id=patient,
        encounter_id=form.encounter_id,
        occurred_at=form.occurred_at or datetime.now(UTC),
        **columns,
    )
