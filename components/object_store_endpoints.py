"""Where the hospital's own object store answers, and who its parts are: known before any of them exists."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from infra.config.model import Hospital

NAMESPACE = "object-store"
NAME = "object-store"
BUCKET = "records-backups"
DOCUMENTS = "documents"
"""Bucket of what the services keep for patients."""
REGION = "hospital"
PORT = 443
"""Of the S3 service."""
INTERNAL_PORT = 3900
"""Of each part's own door, behind the service."""
PEER_PORT = 3901
"""Between the parts; they encrypt and know each other by their keys."""

FIRST = 79 * 256
"""Place of part number zero in the service network, far from those that Kubernetes gives out first."""
SERVICE = FIRST + 128


@dataclass(frozen=True)
class StorePart:
    """The store on one machine: ``name`` of its StatefulSet, its pod and the address of its Service."""

    name: str
    machine: str
    zone: str
    address: IPv4Address

    @property
    def pod(self) -> str:
        """The one pod of the StatefulSet."""
        return f"{self.name}-0"


def store_parts(hospital: Hospital) -> tuple[StorePart, ...]:
    """One on every machine, in the order of the stack file."""
    network = hospital.kubernetes.service_network
    return tuple(
        StorePart(f"store-{name}", name, node.zone, network[FIRST + number])
        for number, (name, node) in enumerate(hospital.nodes.items(), start=1)
    )


def store_address(hospital: Hospital) -> IPv4Address:
    """Of the S3 service: an address, because who restores a hospital should not need its name server."""
    return hospital.kubernetes.service_network[SERVICE]


def store_endpoint(hospital: Hospital) -> str:
    """The URL for S3 clients."""
    return f"https://{store_address(hospital)}:{PORT}"


def replicas(hospital: Hospital) -> int:
    """Copies of every object: with three, a machine may die and the store still takes and gives; else one."""
    return 3 if len(hospital.nodes) >= 3 else 1
