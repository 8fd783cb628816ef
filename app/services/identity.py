"""What all services of identity need: the records, and how passwords are kept."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from app.database.engine import Database
from app.later import Later
from app.services.face_reading import FaceReading
from app.services.passwords import Passwords
from app.settings import Settings

if TYPE_CHECKING:
    from app.adapters.identity_provider import IdentityProvider


@dataclass(frozen=True)
class Identity:
    """One for each running service. It holds no session: those are the database's."""

    settings: Settings
    database: Database
    passwords: Passwords
    provider: "Later[IdentityProvider] | None"
    faces: FaceReading | None = None
    """None: the hospital wants none, which is how it starts."""

    @classmethod
    def of(cls, settings: Settings, database: Database) -> Self:
        """The services that ``settings`` describe."""
        provider = Later(lambda: _provider(settings)) if settings.oidc_issuer else None
        faces = FaceReading(settings) if settings.face_models else None
        return cls(settings, database, Passwords(), provider, faces)


def _provider(settings: Settings) -> "IdentityProvider":
    # Its libraries take a tenth of a second; who signs in by a password needs none of them.
    from app.adapters.identity_provider import IdentityProvider  # noqa: PLC0415

    return IdentityProvider(settings)
