"""What the auditor asks for and is shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from app.domain.audit_events import Event
from app.domain.fields import Form, Limit, Planned, View
from app.domain.refusals import Rule


class Order(StrEnum):
    """By the time of the rows."""

    OLDEST = "asc"
    NEWEST = "desc"


class Format(StrEnum):
    """Of an export."""

    CSV = "csv"
    XML = "xml"


def _known(words: list[Event]) -> list[Event]:
    if len(words) > 50:
        raise Rule("escolha até 50 tipos de evento")
    return words


class AuditFilter(Form):
    """Every condition that is given holds. ``since`` is included, ``until`` is not."""

    since: Planned | None = None
    until: Planned | None = None
    event: Annotated[list[Event], AfterValidator(_known)] = Field(default_factory=list)
    account: UUID | None = None
    subject: UUID | None = None
    patient: UUID | None = None

    @property
    def words(self) -> dict[str, str | int | UUID | None]:
        """For the audit of this reading itself."""
        said: dict[str, str | int | UUID | None] = {
            "account": self.account,
            "subject": self.subject,
            "patient": self.patient,
            "since": _compact(self.since),
            "until": _compact(self.until),
            "events": len(self.event) or None,
        }
        return {name: value for name, value in said.items() if value is not None}


class AuditQuery(AuditFilter):
    """One page of rows."""

    order: Order = Order.NEWEST
    limit: Limit = 50
    cursor: Annotated[str | None, Field(max_length=600)] = None


class ExportQuery(AuditFilter):
    """All rows, oldest first."""

    format: Format = Format.CSV


class AuditLine(View):
    """One row; ``position`` and ``hash`` (hexadecimal) once it is sealed."""

    entry: int
    at: AwareDatetime
    event: str
    account: UUID | None
    session: UUID | None
    address: str | None
    subject: UUID | None
    patient: UUID | None
    detail: dict[str, Any]
    position: int | None
    hash: str | None


def _compact(moment: datetime | None) -> str | None:
    """RFC 3339 to the second, in UTC."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
