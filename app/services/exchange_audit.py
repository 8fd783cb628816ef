"""The audit as FHIR's AuditEvent, for the auditor alone; that they looked is itself a row."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.audit_reading import AuditQuery
from app.domain.caller import Caller
from app.domain.refusals import NotFound
from app.exchange.audit_event import audit_event
from app.exchange.dates import Compare, When
from app.exchange.parts import Resource
from app.services.audit_reading import AuditReading
from app.services.exchange import Found

_LONGEST = 18
"""Digits of a row's number."""


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

    async def search(
        self, caller: Caller, patient: UUID | None, when: Sequence[When], limit: int, cursor: str | None
    ) -> Found:
        """Rows, the newest first."""
        since = [one.begin if one.compare is not Compare.AFTER else one.end for one in when if _from(one)]
        until = [one.end if one.compare is not Compare.BEFORE else one.begin for one in when if _until(one)]
        # Dates were judged by FHIR's rules; the forms' own, which end in 2200, would fail on a later one.
        asked = AuditQuery.model_construct(
            patient=patient,
            since=max(since, default=None),
            until=min(until, default=None),
            limit=limit,
            cursor=cursor,
        )
        page = await self._reading.read(caller, asked)
        return Found([audit_event(line, self._software) for line in page.items], page.next)


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) <= _LONGEST


def _from(when: When) -> bool:
    return when.compare in (Compare.FROM, Compare.AFTER, Compare.WITHIN)


def _until(when: When) -> bool:
    return when.compare in (Compare.UNTIL, Compare.BEFORE, Compare.WITHIN)
