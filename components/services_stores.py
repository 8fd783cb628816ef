"""Where the hospital's own services keep what they are told, and the files that let them in."""

from dataclasses import dataclass
from typing import Protocol

import pulumi

from components.authority import CertificateAuthority
from components.record_access import OWNER, WRITER


class Records(Protocol):
    """What the services need of the medical records: passwords by user, and when they are there."""

    users: dict[str, pulumi.Output[str]]
    ready: list[pulumi.Resource]


class Cache(Protocol):
    """What the services need of the cache: its name, whom to ask for it, passwords by user."""

    name: str
    sentinels: list[str]
    users: dict[str, pulumi.Output[str]]
    ready: list[pulumi.Resource]


@dataclass(frozen=True)
class Stores:
    """Records and cache, and the ``authority`` that both are known by."""

    authority: CertificateAuthority
    records: Records
    cache: Cache

    @property
    def credentials(self) -> dict[str, pulumi.Output[str]]:
        """File -> content, as :class:`app.settings.Settings` reads them."""
        return {
            "authority": self.authority.certificate,
            "records-password": self.records.users[WRITER],
            "cache-password": self.cache.users["app"],
        }

    @property
    def migration_credentials(self) -> dict[str, pulumi.Output[str]]:
        """File -> content for whoever changes the tables, and for nobody else."""
        return {
            "authority": self.authority.certificate,
            "records-owner-password": self.records.users[OWNER],
        }
