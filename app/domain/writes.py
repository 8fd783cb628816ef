"""What every write carries and answers: a key of repetition, and what is kept under it."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from app.domain.audit_events import Event


@dataclass(frozen=True)
class Repetition:
    """The caller's key for one write, and a hash of all that was asked under it."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True)
class Written:
    """What a write made: the entry as it now is, its version, and what the audit says of it.

    subject: the entry's id
    patient: whose it is, when it is somebody's
    """

    entry: BaseModel
    version: int
    event: Event
    subject: UUID
    patient: UUID | None = None
    status: int = 200


@dataclass(frozen=True)
class Answer:
    """What was answered, ready to be sent again as it was."""

    status: int
    body: str
    etag: str | None


def etag(version: int) -> str:
    """A version as HTTP writes it."""
    return f'"{version}"'
