"""The chain of a patient's signed documents: each link covers the one before."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Protocol
from uuid import UUID

START = sha256(b"").digest()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Signed(Protocol):
    """A row of the chain."""

    patient_id: UUID
    position: int
    document_id: UUID
    account_id: UUID
    digest: bytes
    signed_at: datetime
    hash: bytes


def link(before: bytes, row: Signed) -> bytes:
    """The hash of ``row`` behind the hash ``before``."""
    words = (row.patient_id, row.position, row.document_id, row.account_id, row.digest.hex())
    moment = (row.signed_at - _EPOCH) // timedelta(microseconds=1)
    return sha256(before + "|".join(map(str, (*words, moment))).encode()).digest()


def first_fault(rows: Sequence[Signed]) -> int | None:
    """The first position at which ``rows``, in their order, are not what they were."""
    before = START
    for position, row in enumerate(rows, start=1):
        if row.position != position or row.hash != link(before, row):
            return position
        before = row.hash
    return None
