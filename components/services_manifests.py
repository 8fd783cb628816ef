"""What stands around the pods of the hospital's own services: addresses, walls, budgets, secrets."""

from collections.abc import Mapping
from typing import Any

import pulumi

from app.settings import ServiceRole
from components import cache_endpoints as cache
from components import database_endpoints as records
from components import object_store_endpoints as objects
from components.network_policies import address, from_peers, machines, pods, policy, to_peers
from components.object_store_pods import LABELS as OBJECT_STORE
from components.services_endpoints import EDGE_ROLES, NAMESPACE, ServiceEndpoint, service_endpoints
from components.services_outside import to_the_provider
from components.services_sizes import ROLES, ServiceSizes
from components.services_workloads import MACHINE, MIGRATION, PART_OF, ROLE, head, labels_of
from infra.config.model import Hospital


def render_services(hospital: Hospital) -> list[dict[str, Any]]:
    """Everything but pods and secrets."""
    return [
        *(_service(one) for role in EDGE_ROLES for one in service_endpoints(hospital, role)),
        *_policies(hospital),
        *(_disruption(hospital, role) for role in ROLES),
    ]


def render_secret(name: str, files: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
    """A secret whose keys are file names."""
    return {**head("v1", "Secret", name), "type": "Opaque", "stringData": dict(files)}


def _service(endpoint: ServiceEndpoint) -> dict[str, Any]:
    """One Mac's address for one role. Ready pods alone: one that ends must get nothing new, and one that is
    starting nothing yet. While there is none, whoever asks is refused at once and goes elsewhere."""
    service = head("v1", "Service", endpoint.name)
    # Of its pods nothing is known here: they come after it.
    service["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    return {
        **service,
        "spec": {
            "clusterIP": str(endpoint.address),
            "selector": {**labels_of(endpoint.role), MACHINE: endpoint.machine},
            "ports": [{"name": "http", "port": endpoint.port, "targetPort": "http"}],
        },
    }


def _policies(hospital: Hospital) -> list[dict[str, Any]]:
    """From the machines (HAProxy, the kubelets, who measures) to every process; from a process to the stores,
    and from one that signs people in to the identity provider, where the hospital has one.

    The name server is open to the whole pool already, and nothing else is.
    """
    # The floating address: HAProxy there knows who is primary sooner than any Service of the cluster.
    to_records = to_peers([address(hospital.edge.address)], records.PORT)
    to_cache = to_peers(
        [pods({"app.kubernetes.io/part-of": cache.CACHE}, cache.NAMESPACE)], cache.PORT, cache.SENTINEL_PORT
    )
    to_documents = to_peers([pods(OBJECT_STORE, objects.NAMESPACE)], objects.INTERNAL_PORT)
    entrance = from_peers(machines(hospital), hospital.service.port)
    serving = [
        policy(
            str(role),
            NAMESPACE,
            labels_of(role),
            ingress=[entrance],
            egress=[to_records, to_cache, to_documents, *to_the_provider(hospital, role)],
        )
        for role in ROLES
    ]
    migrating = policy(MIGRATION, NAMESPACE, {**PART_OF, ROLE: MIGRATION}, egress=[to_records])
    return [*serving, migrating]


def _disruption(hospital: Hospital, role: ServiceRole) -> dict[str, Any]:
    """As many processes as one Mac has stay: with two Macs one may be worked on; with one, work on it stops
    the services as announced."""
    kept = ServiceSizes.of(hospital).processes[role] * (len(hospital.macs) - 1)
    return {
        **head("policy/v1", "PodDisruptionBudget", str(role)),
        "spec": {"minAvailable": kept, "selector": {"matchLabels": labels_of(role)}},
    }
