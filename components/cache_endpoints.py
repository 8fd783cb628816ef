"""Where the cache's servers and Sentinels answer: one place for the cluster, its clients and the drills.

The medical service runs on the machines, outside the cluster, and knows none of its names. So every server
and every Sentinel has a Service of its own whose address is known beforehand; servers and Sentinels announce
these addresses, and a client that asked a Sentinel can use the answer wherever it runs.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address

from infra.config.model import Hospital

NAMESPACE = "medical-data"
CACHE = "cache"
"""The name that the Sentinels know it by, and that of the servers' pods."""
SENTINEL = "sentinel"
PORT = 6379
SENTINEL_PORT = 26379
CERTIFICATE_NAME = f"{CACHE}.{NAMESPACE}.svc"
"""A name in everybody's certificate, beside all addresses."""

FIRST = 78 * 256 + 1
"""Place of server number zero in the service network, beside the database's."""
FIRST_SENTINEL = FIRST + 16


@dataclass(frozen=True)
class CacheEndpoint:
    """One server or Sentinel: its pod (and Service), and the Service's address in the cluster."""

    name: str
    address: IPv4Address
    port: int


def server_endpoints(hospital: Hospital) -> tuple[CacheEndpoint, ...]:
    """cache-0 and so on: a server on every Mac."""
    network = hospital.kubernetes.service_network
    return tuple(
        CacheEndpoint(f"{CACHE}-{number}", network[FIRST + number], PORT)
        for number in range(len(hospital.macs))
    )


def sentinel_endpoints(hospital: Hospital) -> tuple[CacheEndpoint, ...]:
    """sentinel-0 and so on: a Sentinel on every machine."""
    network = hospital.kubernetes.service_network
    return tuple(
        CacheEndpoint(f"{SENTINEL}-{number}", network[FIRST_SENTINEL + number], SENTINEL_PORT)
        for number in range(len(hospital.nodes))
    )


def quorum(hospital: Hospital) -> int:
    """Sentinels that are more than half: 2 of 3, 1 of 1."""
    return len(hospital.nodes) // 2 + 1
