"""Where the hospital's own services answer: known beforehand, for HAProxy, which runs outside the cluster.

Every role that the edge reaches has a Deployment on each Mac, and that has a Service with an address of its
own. So HAProxy knows which address is on which Mac, asks each itself, and needs neither names nor the API:
when a Mac dies nothing in the cluster has to change for the other one's address to go on answering.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address

from app.settings import ServiceRole
from infra.config.model import Hospital

NAMESPACE = "medical-api"
EDGE_ROLES = (ServiceRole.API, ServiceRole.REALTIME)
"""Roles that the edge sends requests to; the others are asked by nobody."""

FIRST = 80 * 256 + 1
"""Place of the first role's part zero in the service network, beside the object store's."""
_PER_ROLE = 16


@dataclass(frozen=True)
class ServiceEndpoint:
    """One role on one Mac: the name of its Deployment and Service, the machine, and where it answers."""

    name: str
    role: ServiceRole
    machine: str
    address: IPv4Address
    port: int


def service_endpoints(hospital: Hospital, role: ServiceRole) -> tuple[ServiceEndpoint, ...]:
    """One on each Mac, the primary's first; an address stays its machine's when the Macs change roles.

    ValueError for a role that the edge does not reach.
    """
    first = FIRST + _PER_ROLE * EDGE_ROLES.index(role)
    places = list(hospital.nodes)
    return tuple(
        ServiceEndpoint(
            name=f"{role}-{machine}",
            role=role,
            machine=machine,
            address=hospital.kubernetes.service_network[first + places.index(machine)],
            port=hospital.service.port,
        )
        for machine in hospital.macs
    )
