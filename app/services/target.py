"""What every change of an entry carries."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.caller import Caller
from app.domain.writes import Repetition


@dataclass(frozen=True)
class Target:
    """Which entry is changed, by whom, from which version that they read, under which key."""

    caller: Caller
    repetition: Repetition
    id: UUID
    version: int
