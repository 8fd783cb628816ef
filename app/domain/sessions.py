"""When a session serves, is locked, or is over; and what a refresh token shown twice means.

All times are the database's: a machine whose clock is wrong opens nothing and closes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.caller import Caller

RETRY_WINDOW = timedelta(seconds=30)
"""For so long a refresh token may be shown again while nobody used what it was exchanged for: the answer was
lost on its way, as in a failover. A thief who is quicker still loses the session at the owner's next step."""


class Kind(StrEnum):
    """What a token is good for."""

    ACCESS = "access"
    REFRESH = "refresh"


class Method(StrEnum):
    """By what a session's person proved who they are."""

    PASSWORD = "senha"  # noqa: S105
    PASSKEY = "chave"
    PROVIDER = "provedor"
    FACE = "rosto"
    """Only ever the second factor: opens no session."""


class End(StrEnum):
    """Why a session ended; stands in the audit."""

    LEFT = "saida"
    REPLAYED = "token-repetido"
    PASSWORD_RESET = "senha-redefinida"  # noqa: S105
    INACTIVATED = "conta-inativada"
    REVOKED = "revogada"


@dataclass(frozen=True)
class Standing:
    """A session as the database tells it now."""

    now: datetime
    active_at: datetime
    expires_at: datetime
    locked_at: datetime | None
    ended_at: datetime | None
    account_active: bool
    inactivity: timedelta

    @property
    def over(self) -> bool:
        """Whether it ended, expired, or belongs to a closed account."""
        return self.ended_at is not None or self.expires_at <= self.now or not self.account_active

    @property
    def idle(self) -> bool:
        """Whether nobody did anything for too long."""
        return self.now - self.active_at >= self.inactivity

    @property
    def locked(self) -> bool:
        """Whether its person must prove who they are before it serves again."""
        return self.locked_at is not None or self.idle

    @property
    def locks_at(self) -> datetime:
        """When it will be locked if nobody does anything, so that a screen can warn before."""
        return self.active_at + self.inactivity


@dataclass(frozen=True)
class Presence:
    """Whoever showed a token of a session that is not over."""

    caller: Caller
    standing: Standing
    password_due: bool
    factor_due: bool
    terms_due: bool = False
    strong: bool = False
    """Whether two factors were shown, none of them a face that a camera of ours saw."""


@dataclass(frozen=True)
class Tokens:
    """What a device gets once, and nobody can be told again."""

    access: str
    refresh: str
    access_seconds: int
    pair: UUID


def is_retry(used_at: datetime, now: datetime, *, successor_used: bool) -> bool:
    """Whether a refresh token shown again is a lost answer asked for again; otherwise somebody copied it."""
    return not successor_used and now - used_at <= RETRY_WINDOW
