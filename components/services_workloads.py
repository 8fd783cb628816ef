"""Which pods of the hospital's own services there are, where they run, and how one release follows another.

A new pod is there before an old one goes (``maxUnavailable: 0``), so a release that does not become ready
takes nothing away. Pods that the edge reaches belong to their Mac and wait for it when it is away; a worker
moves. What waits for a rollout and takes it back: components/scripts/rollout.py.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from app.settings import ServiceRole
from components.cache_manifests import CLIENTS as CACHE_CLIENTS
from components.clocks import clocks_for
from components.object_store_manifests import DOCUMENT_CLIENTS
from components.services_endpoints import NAMESPACE, ServiceEndpoint
from components.services_outside import look_outside
from components.services_pods import PROGRESS, Made, container, pod, probes

PART_OF = {"app.kubernetes.io/part-of": "services"}
ROLE = "prontuario.hospital/service"
MACHINE = "prontuario.hospital/machine"
MIGRATION = "migration"
"""What :data:`ROLE` says of the pod that brings the tables up to date."""
REVISION = "prontuario.hospital/revision"
"""On a pod: what it was made from, its secrets included. The rollout's script finds it again by that."""
MANAGER = "prontuario-rollout"
"""Who owns a Deployment's fields, for Pulumi and for the script that takes a release back: what one of them
leaves out must go, whoever wrote it."""
_STARTED = 3
"""Seconds that a pod must have been ready to count."""


def head(version: str, kind: str, name: str) -> dict[str, Any]:
    """The beginning of every object of the services."""
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": PART_OF},
    }


def labels_of(role: ServiceRole) -> dict[str, str]:
    """What selects the pods of a role."""
    return {**PART_OF, ROLE: str(role)}


def render_edge_deployment(
    made: Made, endpoint: ServiceEndpoint, revision: pulumi.Input[str]
) -> dict[str, Any]:
    """The processes of one role on one Mac."""
    labels = {**labels_of(endpoint.role), MACHINE: endpoint.machine}
    place = {
        "nodeSelector": {"kubernetes.io/hostname": endpoint.machine},
        # Elsewhere it would answer under the wrong address; its machine may be back any moment.
        "tolerations": [
            {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute"}
            for state in ("not-ready", "unreachable")
        ],
    }
    processes = made.sizes.processes[endpoint.role]
    template = _template(made, endpoint.role, labels, place, revision)
    return _deployment(endpoint.name, processes, labels, template)


def render_worker(made: Made, revision: pulumi.Input[str]) -> dict[str, Any]:
    """The worker's processes, spread over the zones; from a dead Mac they move to the other."""
    role = ServiceRole.WORKER
    labels = labels_of(role)
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        # A machine that is away, or the witness, is no place that stays empty.
        "nodeTaintsPolicy": "Honor",
        "nodeAffinityPolicy": "Honor",
        "labelSelector": {"matchLabels": labels},
        "matchLabelKeys": ["pod-template-hash"],
    }
    place = {
        "nodeSelector": {"pool.prontuario.hospital/api": "true"},
        "topologySpreadConstraints": [spread],
        "tolerations": clocks_for(made.hospital).tolerations,
    }
    processes = made.sizes.processes[role] * len(made.hospital.macs)
    return _deployment(str(role), processes, labels, _template(made, role, labels, place, revision))


def render_migration(made: Made, release: str) -> dict[str, Any]:
    """The Job that brings the records' tables to this release, before any of its pods starts.

    Each step of it is one transaction and running again is harmless, so it is tried until it works or a
    person must look; one that failed is replaced by the next ``pulumi up``.
    """
    process = container(made, MIGRATION, ServiceRole.WORKER, ["migrate"])
    job = head("batch/v1", "Job", f"migrate-{short(release)}")
    job["metadata"]["annotations"] = {"pulumi.com/replaceUnready": "true"}
    return {
        **job,
        "spec": {
            "backoffLimit": 6,
            "activeDeadlineSeconds": 600,
            "template": {
                "metadata": {"labels": {**PART_OF, ROLE: MIGRATION}},
                "spec": {
                    **pod(made, process, f"services-{MIGRATION}"),
                    # In the same pod: a new one has a new address, which the walls must learn first.
                    "restartPolicy": "OnFailure",
                    "tolerations": clocks_for(made.hospital).tolerations,
                },
            },
        },
    }


def short(release: str) -> str:
    """The part of a release's id that tells it from every other and may be in a name."""
    return release.split("-")[1]


def _template(
    made: Made,
    role: ServiceRole,
    labels: Mapping[str, str],
    place: Mapping[str, Any],
    revision: pulumi.Input[str],
) -> dict[str, Any]:
    process = {**container(made, str(role), role, ["serve"]), **probes()}
    uses = {**CACHE_CLIENTS, **DOCUMENT_CLIENTS}
    return {
        "metadata": {"labels": {**labels, **uses}, "annotations": {REVISION: revision}},
        "spec": {**look_outside(made.hospital, pod(made, process, "services")), **place},
    }


def _deployment(
    name: str, processes: int, labels: Mapping[str, str], template: Mapping[str, Any]
) -> dict[str, Any]:
    deployment = head("apps/v1", "Deployment", name)
    # Not awaited by the engine: whoever takes a release back must be the one who waits for it.
    deployment["metadata"]["annotations"] = {
        "pulumi.com/skipAwait": "true",
        "pulumi.com/patchForce": "true",
        "pulumi.com/patchFieldManager": MANAGER,
    }
    return {
        **deployment,
        "spec": {
            "replicas": processes,
            "revisionHistoryLimit": 5,
            "progressDeadlineSeconds": PROGRESS,
            "minReadySeconds": _STARTED,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": dict(labels)},
            "template": template,
        },
    }
