"""Where the instances of the medical records answer: one place for HAProxy, the firewall and the database.

CloudNativePG numbers its instances and never uses a number twice: a standby that was made anew is records-3.
Each number of :data:`NUMBERS` has a Service of its own with an address known beforehand, so HAProxy, which
runs outside the cluster, needs neither its DNS nor its API to ask every instance who is primary. An address
whose instance does not exist refuses connections.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address

from infra.config import ports
from infra.config.model import Hospital

NAMESPACE = "medical-data"
CLUSTER = "records"
DATABASE = "medical_records"
PORT = ports.RECORDS
STATUS_PORT = 8000
"""Of CloudNativePG's instance manager: ``GET /pg/status`` over TLS tells what the instance is."""
STATUS_PATH = "/pg/status"
CERTIFICATE_NAME = f"{CLUSTER}-rw.{NAMESPACE}.svc"
"""A name in every instance's certificate, which HAProxy asks for whichever instance it speaks to."""

NUMBERS = range(1, 5)
FIRST = 77 * 256
"""Place of number zero in the service network; a place below the first 256 would belong to Kubernetes."""


@dataclass(frozen=True)
class DatabaseEndpoint:
    """One instance: its name (of the pod and of its Service) and the Service's address in the cluster."""

    name: str
    address: IPv4Address
    port: int = PORT
    status_port: int = STATUS_PORT


def instance_addresses(hospital: Hospital) -> tuple[DatabaseEndpoint, ...]:
    """records-1 to records-4 in order; IndexError if the service network is too small for them (a rule of
    the configuration refuses that before)."""
    network = hospital.kubernetes.service_network
    return tuple(
        DatabaseEndpoint(f"{CLUSTER}-{number}", network[FIRST + number], PORT, STATUS_PORT)
        for number in NUMBERS
    )
