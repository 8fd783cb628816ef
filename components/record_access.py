"""Who may reach the medical records, and what they may do there. Pure: values in, manifests out."""

from collections.abc import Mapping
from typing import Any

from components.database_endpoints import (
    CLUSTER,
    DATABASE,
    NAMESPACE,
    PORT,
    STATUS_PORT,
    instance_addresses,
)
from components.network_policies import (
    from_peers,
    machines,
    pods,
    policy,
    to_names,
    to_peers,
    to_the_api,
)
from components.operator_release import NAMESPACE as OPERATOR_NAMESPACE
from components.operator_release import OPERATOR
from infra.config.model import Hospital

OWNER = "medical_user"
WRITER = "medical_app"
READER = "medical_read"
MONITOR = "monitoring"
USERS = (OWNER, WRITER, READER, MONITOR)

METRICS_PORT = 9187
MEMBERS: Mapping[str, str] = {"cnpg.io/cluster": CLUSTER}
"""Label of every pod of the database, also of those that only make a new standby."""


def secret_name(user: str) -> str:
    """Where a user's name and password are kept."""
    return f"{CLUSTER}-{user.replace('_', '-')}"


def _role(name: str, comment: str, member_of: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "name": name,
        "ensure": "present",
        "comment": comment,
        "login": True,
        "superuser": False,
        "createdb": False,
        "createrole": False,
        "replication": False,
        "bypassrls": False,
        "inRoles": list(member_of),
        "passwordSecret": {"name": secret_name(name)},
    }


ROLES = [
    _role(WRITER, "the service: reads and writes rows, changes no table"),
    _role(READER, "reports: reads rows"),
    _role(MONITOR, "measures: reads no row", member_of=("pg_monitor",)),
]
"""The owner is not among them: CloudNativePG makes it with the database."""

SETUP = [
    f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
    f"CREATE ROLE {WRITER} NOLOGIN",
    f"CREATE ROLE {READER} NOLOGIN",
    f"GRANT CONNECT ON DATABASE {DATABASE} TO {WRITER}, {READER}, pg_monitor",
    f"GRANT USAGE ON SCHEMA public TO {WRITER}, {READER}",
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {WRITER}",
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT USAGE, SELECT ON SEQUENCES TO {WRITER}",
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT ON TABLES TO {READER}",
]
"""Run once, by the superuser, in the new database: whatever the owner makes later is shared like this."""

PG_HBA = [
    f"hostssl {DATABASE} {OWNER},{WRITER},{READER} all scram-sha-256",
    f"hostssl {DATABASE},postgres {MONITOR} all scram-sha-256",
    "host all all all reject",
]
"""Before the last rule of CloudNativePG, which would let in whoever has a password, without TLS."""


def certificate_names(hospital: Hospital) -> list[str]:
    """Every name under which an instance is asked for, HAProxy's among them."""
    services = [f"{CLUSTER}-rw", *(endpoint.name for endpoint in instance_addresses(hospital))]
    inside = [
        f"{service}{suffix}"
        for service in services
        for suffix in ("", f".{NAMESPACE}", f".{NAMESPACE}.svc", f".{NAMESPACE}.svc.cluster.local")
    ]
    return [hospital.domain, *inside]


def certificate_addresses(hospital: Hospital) -> list[str]:
    """Every address under which an instance is asked for."""
    return [str(hospital.edge.address), *(str(one.address) for one in instance_addresses(hospital))]


def render_services(hospital: Hospital) -> list[dict[str, Any]]:
    """An address for each instance, known beforehand, that answers also while the instance is not ready."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": endpoint.name, "namespace": NAMESPACE},
            "spec": {
                "type": "ClusterIP",
                "clusterIP": str(endpoint.address),
                "publishNotReadyAddresses": True,
                "selector": {**MEMBERS, "cnpg.io/instanceName": endpoint.name},
                "ports": [
                    {"name": "postgresql", "port": endpoint.port, "targetPort": PORT},
                    {"name": "status", "port": endpoint.status_port, "targetPort": STATUS_PORT},
                ],
            },
        }
        for endpoint in instance_addresses(hospital)
    ]


def render_policies(hospital: Hospital) -> list[dict[str, Any]]:
    """Machines and instances reach the records, the operator their status; they reach each other and the API.

    The way to a backup's store is opened by whoever makes backups.
    """
    members = pods(MEMBERS)
    return [
        policy(
            CLUSTER,
            NAMESPACE,
            MEMBERS,
            ingress=[
                from_peers(machines(hospital), PORT, STATUS_PORT, METRICS_PORT),
                from_peers([members], PORT, STATUS_PORT),
                from_peers([pods(OPERATOR, OPERATOR_NAMESPACE)], STATUS_PORT),
            ],
            egress=[to_the_api(hospital), to_names(), to_peers([members], PORT, STATUS_PORT)],
        )
    ]
