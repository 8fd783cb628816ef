"""What all services of identity need: the records, and how passwords are kept."""

from dataclasses import dataclass

from app.database.engine import Database
from app.services.passwords import Passwords
from app.settings import Settings


@dataclass(frozen=True)
class Identity:
    """One for each running service. It holds no session: those are the database's."""

    settings: Settings
    database: Database
    passwords: Passwords
