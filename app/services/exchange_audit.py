"""The audit as FHIR's AuditEvent, for the auditor alone; that they looked is itself a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.domain.audit_events import Event
from app.domain.audit_reading import AuditQuery
from app.domain.caller import Caller
from app.domain.refusals import NotFound
from app.exchange.audit_event import EVENTS, audit_event
from app.exchange.bundle import Found
from app.exchange.dates import Compare, When
from app.exchange.parts import Resource
from app.exchange.tokens import Token
from app.services.audit_reading import AuditReading

_NEVER = datetime(1900, 1, 1, tzinfo=UTC)
"""No row is older."""
_WHOLLY_AFTER = {Compare.AFTER, Compare.ALL_AFTER}
_WHOLLY_BEFORE = {Compare.BEFORE, Compare.ALL_BEFORE}
_LONGEST = 18
"""Digits of a row's number."""


@dataclass(frozen=True)
class RowsAsked:
    """A search of the audit. ``events``: any of them; one that is none of ours finds nothing."""

    patient: UUID | None
    when: Sequence[When]
    events: Sequence[Token]
    limit: int
    cursor: str | None


class ExchangeAudit:
    """``software``: name and version, which observed every row."""

    def __init__(self, reading: AuditReading, software: str) -> None:
        self._reading = reading
        self._software = software

    async def read(self, caller: Caller, written: str) -> Resource:
        """The row of that number. Raises NotFound."""
        number = int(written) if _is_number(written) else 0
        line = await self._reading.one(caller, number)
        if line is None:
            raise NotFound
        return audit_event(line, self._software)

    async def search(self, caller: Caller, asked: RowsAsked) -> Found:
        """Rows, the newest first."""
        when = asked.when
        since = [one.end if one.compare in _WHOLLY_AFTER else one.begin for one in when if _from(one)]
        until = [one.begin if one.compare in _WHOLLY_BEFORE else one.end for one in when if _until(one)]
        wanted = [event for event in Event if any(one.fits(EVENTS, event) for one in asked.events)]
        if asked.events and not wanted:
            # Asked all the same: that somebody looked is a row, and who may not look is refused.
            until.append(_NEVER)
        # Dates were judged by FHIR's rules; the forms' own, which end in 2200, would fail on a later one.
        query = AuditQuery.model_construct(
            patient=asked.patient,
            since=max(since, default=None),
            until=min(until, default=None),
            event=wanted,
            limit=asked.limit,
            cursor=asked.cursor,
        )
        page = await self._reading.read(caller, query)
        return Found([audit_event(line, self._software) for line in page.items], page.next)


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) <= _LONGEST


def _from(when: When) -> bool:
    return when.compare in {Compare.FROM, Compare.WITHIN} | _WHOLLY_AFTER


def _until(when: When) -> bool:
    return when.compare in {Compare.UNTIL, Compare.WITHIN} | _WHOLLY_BEFORE
