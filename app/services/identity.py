"""What all services of identity need: the records, and how passwords are kept."""

from dataclasses import dataclass
from typing import Self

from app.adapters.identity_provider import IdentityProvider
from app.database.engine import Database
from app.services.passwords import Passwords
from app.settings import Settings


@dataclass(frozen=True)
class Identity:
    """One for each running service. It holds no session: those are the database's."""

    settings: Settings
    database: Database
    passwords: Passwords
    provider: IdentityProvider | None

    @classmethod
    def of(cls, settings: Settings, database: Database) -> Self:
        """The services that ``settings`` describe."""
        provider = IdentityProvider(settings) if settings.oidc_issuer else None
        return cls(settings, database, Passwords(), provider)
