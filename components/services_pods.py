"""One pod of the hospital's own services: one image, told everything by PRONTUARIO_* variables and files.

- **live** is "its event loop turns": a process that hangs for half a minute is restarted. **ready** is "may
  get requests": the edge asks it too, and sooner. **startup** keeps the first from judging a process that
  still loads its libraries.
- SIGTERM begins a drain: ``/ready`` fails while everything is still answered, for long enough that every
  machine has stopped sending; then the listener closes and what is in flight is finished. The application
  does that itself, so there is no preStop; the grace period is the sum.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from app.settings import ServiceRole
from components import database_endpoints as records
from components.cache_endpoints import CACHE, sentinel_endpoints
from components.node_network import pod_network
from components.object_store_endpoints import DOCUMENTS, REGION, store_endpoint
from components.services_endpoints import NAMESPACE
from components.services_outside import outside_environment
from components.services_sizes import ServiceSizes
from infra.config.model import Hospital
from infra.config.rto import Clocks
from lab.images.catalogue import SERVICES_USER

CREDENTIALS = "/run/credentials"
PROGRESS = 55
"""Seconds for a new pod to become ready. The application waits longer than that for records that never
answered it (app/checks.py), so that a release with a wrong password fails."""
FINISH = 10
"""Seconds that requests in flight have once the service no longer accepts new ones."""
FORGOTTEN = 5.0
"""Seconds until no machine sends anything to a pod that is ending: endpoints, then kube-proxy's rules."""
_LONGEST_DRAIN = 30.0
_SCRATCH = "64Mi"


@dataclass(frozen=True)
class Made:
    """What every pod is made from.

    image: the services' image, by its full name
    """

    hospital: Hospital
    image: str

    @property
    def sizes(self) -> ServiceSizes:
        """What each process may use."""
        return ServiceSizes.of(self.hospital)


def drain(hospital: Hospital) -> float:
    """Seconds in which a stopping process still answers: longer than edge and cluster need to notice."""
    return min(max(Clocks.of(hospital.edge).detection / 1000 + 0.3, FORGOTTEN), _LONGEST_DRAIN)


def pod(made: Made, process: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """A pod of one container, with the credentials of ``secret``."""
    return {
        "priorityClassName": NAMESPACE,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": ceil(drain(made.hospital) + FINISH + 5),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": SERVICES_USER,
            "runAsGroup": SERVICES_USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [dict(process)],
        "volumes": [
            # In memory, below a folder of root's that only this pod sees; its one user must read them.
            {"name": "credentials", "secret": {"secretName": secret, "defaultMode": 0o444}},
            # What somebody uploads waits in memory too: nothing of a patient is on a machine's own disk.
            {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": _SCRATCH}},
        ],
    }


def container(made: Made, name: str, role: ServiceRole, command: Sequence[str]) -> dict[str, Any]:
    """``python -m app COMMAND`` with the rights and the memory of ``role``."""
    return {
        "name": name,
        "image": made.image,
        "imagePullPolicy": "Never",
        "args": list(command),
        "env": environment(made, role),
        "ports": [{"name": "http", "containerPort": made.hospital.service.port}],
        "resources": made.sizes.resources(role),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "credentials", "mountPath": CREDENTIALS, "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - of this pod alone
        ],
    }


def probes() -> dict[str, Any]:
    """Of a container that serves."""

    def ask(path: str, *, period: int, timeout: int, failures: int) -> dict[str, Any]:
        return {
            "httpGet": {"path": path, "port": "http"},
            "periodSeconds": period,
            "timeoutSeconds": timeout,
            "failureThreshold": failures,
        }

    return {
        "startupProbe": ask("/live", period=1, timeout=2, failures=2 * PROGRESS),
        "livenessProbe": ask("/live", period=10, timeout=5, failures=3),
        "readinessProbe": ask("/ready", period=2, timeout=2, failures=3),
    }


def environment(made: Made, role: ServiceRole) -> list[dict[str, Any]]:
    """What :class:`app.settings.Settings` of such a process reads."""
    hospital, copies = made.hospital, len(made.hospital.macs) - 1
    sentinels = " ".join(f"{one.address}:{one.port}" for one in sentinel_endpoints(hospital))
    told = {
        "ROLE": role,
        "PORT": hospital.service.port,
        "SITE": hospital.domain,
        "INSTITUTION": hospital.institution.name,
        "DRAIN": f"{drain(hospital):g}",
        "FINISH": FINISH,
        "START_SHARE": f"{hospital.service.start_percent / 100:g}",
        "RECORDS_ADDRESS": hospital.edge.address,
        "RECORDS_PORT": records.PORT,
        "RECORDS_STANDBYS": copies,
        "RECORDS_CONNECTIONS": made.sizes.records_connections,
        "EDGE_ADDRESSES": " ".join(edge_addresses(hospital)),
        "CACHE_SENTINELS": sentinels,
        "CACHE_NAME": CACHE,
        "CACHE_REPLICAS": copies,
        "STORE_ENDPOINT": store_endpoint(hospital),
        "STORE_BUCKET": DOCUMENTS,
        "STORE_REGION": REGION,
        **outside_environment(hospital),
    }
    if hospital.institution.cnes is not None:
        told["CNES"] = hospital.institution.cnes
    return [
        {"name": "CREDENTIALS_DIRECTORY", "value": CREDENTIALS},
        *(_from_pod(f"PRONTUARIO_{name}", field) for name, field in _OF_THE_POD.items()),
        *({"name": f"PRONTUARIO_{name}", "value": str(value)} for name, value in told.items()),
    ]


_OF_THE_POD = {"MACHINE": "spec.nodeName", "ADDRESS": "status.podIP"}


def _from_pod(name: str, field: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": field}}}


def edge_addresses(hospital: Hospital) -> list[str]:
    """Who a pod sees when a machine's HAProxy asks it: the machine, or its end of the pods' network."""
    machines = [str(node.debian_address) for node in hospital.nodes.values()]
    return [*machines, *(str(pod_network(hospital, name)[1]) for name in hospital.nodes)]
