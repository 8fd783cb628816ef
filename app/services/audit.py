"""The audit's one way in: ``await audit(session, caller, Event.X, ...)``, in the transaction it tells of.

What is written is sealed within about a second: see docs/decisions/0031-audit.md.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.audit_events import Event
from app.domain.caller import Address, Caller
from app.repositories import audit as rows

__all__ = ["Event", "Opaque", "audit", "audit_apart"]

Opaque = bool | int | str | UUID | StrEnum | None
"""What may stand in a detail: figures, ids, and single words of ours."""
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,79}")
_NUMBER_OF_A_PERSON = re.compile(r"(?<![0-9])(?:[0-9]{11}|[0-9]{15})(?![0-9])")
"""CPF or CNS."""


async def audit(
    session: AsyncSession,
    caller: Caller | None,
    event: Event,
    *,
    subject: UUID | None = None,
    patient: UUID | None = None,
    address: Address | None = None,
    detail: Mapping[str, Opaque | list[Opaque]] | None = None,
) -> None:
    """Tell that ``event`` happened; it stands if, and only if, the transaction of ``session`` does.

    caller: who; None when nobody was identified (a refused login)
    subject: the account, entry or document that something was done to
    address: the device's, where no caller tells it
    detail: opaque words, ids and figures. Raises ValueError for a sentence or a person's number: such a
        detail is a mistake of the program, and would stay for ever.
    """
    if caller and caller.address:
        address = caller.address
    columns = {
        "event": event.value,
        "account": caller.account if caller else None,
        "session": caller.session if caller else None,
        "address": str(address) if address else None,
        "subject": subject,
        "patient": patient,
        "detail": {name: _opaque(value) for name, value in (detail or {}).items()},
    }
    await rows.add(session, columns)


async def audit_apart(
    database: Database,
    caller: Caller | None,
    event: Event,
    *,
    subject: UUID | None = None,
    patient: UUID | None = None,
    address: Address | None = None,
    detail: Mapping[str, Opaque | list[Opaque]] | None = None,
) -> None:
    """Like :func:`audit`, in a transaction of its own: for what is refused, and therefore rolled back."""
    async with database.transaction() as session:
        await audit(session, caller, event, subject=subject, patient=patient, address=address, detail=detail)


def _opaque(value: Opaque | list[Opaque]) -> object:
    if isinstance(value, list):
        return [_opaque(one) for one in value]
    if value is None or isinstance(value, bool):
        return value
    word = str(value)
    if _WORD.fullmatch(word) is None or (not isinstance(value, UUID) and _NUMBER_OF_A_PERSON.search(word)):
        raise ValueError("a detail of the audit is no single opaque word, id or figure")
    return value if isinstance(value, int) else word
