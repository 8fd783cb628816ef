"""Who made which version of an entry, as FHIR's Provenance."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.documents import DocumentState
from app.domain.entries import INACTIVATED
from app.domain.notes import DRAFT
from app.domain.refusals import NotFound
from app.exchange.parts import Resource
from app.exchange.provenance import VersionMade, provenance, version_of
from app.repositories import exchange
from app.services.audit import audit
from app.services.chart_door import open_to_read
from app.services.exchange_kinds import EXCHANGED
from app.tables import PastVersion, Patient

_KIND = "fhir:Provenance"
_PATIENTS = Patient.__tablename__
_RESOURCES = {source.name: kind.name for kind in EXCHANGED for source in kind.sources} | {
    _PATIENTS: "Patient"
}
_UNSEEN = frozenset({DRAFT, DocumentState.WAITING})
_WRONG = frozenset({INACTIVATED, DocumentState.INACTIVE})


class ExchangeHistory:
    """Versions of entries, and of who patients are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, caller: Caller, written: str) -> Resource:
        """The version that ``<entry>.<version>`` names. Raises NotFound."""
        asked = version_of(written)
        if asked is None:
            raise NotFound
        found = await self._made(caller, tuple(_RESOURCES), *asked)
        if not found:
            raise NotFound
        return found[0]

    async def search(self, caller: Caller, kind: str, identity: UUID) -> Sequence[Resource]:
        """Every version of one entry, the first one first; none when there is no such entry."""
        tables = tuple(table for table, resource in _RESOURCES.items() if resource == kind)
        return await self._made(caller, tables, identity, None)

    async def _made(
        self, caller: Caller, tables: Sequence[str], identity: UUID, version: int | None
    ) -> Sequence[Resource]:
        if tables != (_PATIENTS,):
            require(caller, Action.READ_CHART)
        require(caller, Action.FIND_PATIENT)
        async with self._database.transaction() as session:
            past = await exchange.past(session, tables, identity, version)
            if not past:
                return []
            await _open(session, caller, past[0])
            return [provenance(_made(one)) for one in past if _state(one) not in _UNSEEN]


async def _open(session: AsyncSession, caller: Caller, one: PastVersion) -> None:
    """Who a patient is, is no part of the closed chart; everything else is."""
    if one.kind == _PATIENTS:
        await audit(
            session, caller, Event.RECORD_VIEWED, subject=one.id, patient=one.id, detail={"kind": _KIND}
        )
    else:
        await open_to_read(session, caller, UUID(str(one.content["patient_id"])), subject=one.id, kind=_KIND)


def _made(one: PastVersion) -> VersionMade:
    content = one.content
    occurred = content.get("occurred_at")
    return VersionMade(
        kind=_RESOURCES[one.kind],
        id=one.id,
        version=one.version,
        made_at=datetime.fromisoformat(content["changed_at"]),
        made_by=UUID(content["changed_by"]),
        reason=content["change_reason"],
        inactivated=_state(one) in _WRONG,
        occurred_at=datetime.fromisoformat(occurred) if occurred else None,
    )


def _state(one: PastVersion) -> object:
    return one.content.get("status", one.content.get("state"))
