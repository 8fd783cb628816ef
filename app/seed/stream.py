"""Any number of patients one after the other, as records or as JSON lines, in memory for one."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from app.brazil.cns import Cns
from app.brazil.contact import Cep, Phone
from app.brazil.cpf import Cpf
from app.seed.plan import NOW, invent_record
from app.seed.records import PatientRecord


def patients(
    count: int = 1000, *, seed: int = 1, first: int = 0, now: datetime = NOW
) -> Iterator[PatientRecord]:
    """Patients ``first`` to ``first + count - 1`` of a seed.

    Each depends on seed, index and ``now`` alone: two halves generated apart equal the whole.
    """
    return (invent_record(seed, index, now) for index in range(first, first + count))


def json_line(record: PatientRecord) -> str:
    """The record as one line of JSON: identifiers as digits, times as RFC 3339, values as numbers."""
    return json.dumps(record, default=_plain, ensure_ascii=False, separators=(",", ":")) + "\n"


def _plain(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case date():  # and datetime
            return value.isoformat()
        case Decimal():
            return float(value)
        case Cpf() | Cns() | Cep():
            return value.digits
        case Phone():
            return value.e164
    # What is left are the frozen records, whose slots are their fields in order.
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]
