"""Who asks: the roles that a person holds, as the services above the records see them."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

Address = IPv4Address | IPv6Address


class Role(StrEnum):
    """A profile of the hospital. A person may hold several; each opens what its work needs."""

    ADMINISTRATOR = "administrador"
    """Manages accounts and settings; sees no clinical data."""
    ADMINISTRATIVE = "administrativo"
    """Admits and identifies patients; sees no clinical data."""
    PHYSICIAN = "medico"
    NURSE = "enfermagem"
    PHARMACIST = "farmacia"
    AUDITOR = "auditor"
    """Reads the audit, and nothing else."""


@dataclass(frozen=True)
class Caller:
    """A person who has proved who they are, in one session at one device."""

    account: UUID
    session: UUID
    roles: frozenset[Role]
    address: Address | None = None
    """The device's address as the edge saw it; the audit keeps it."""
    proved_recently: bool = False
    """Whether they proved it within the last minutes, as critical acts ask."""
    by_face: bool = False
    """Whether the second factor was a face, which a photograph may deceive."""
