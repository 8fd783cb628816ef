"""CloudNativePG's release manifest, as this hospital runs it.

Upstream's release is one file of plain manifests; it comes with the toolchain (``cnpg-manifest``), not with
this repository. Everything here is pure: manifests in, manifests out. What the operator may do in the
cluster stays as upstream wrote it.
"""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from components.clocks import ClusterClocks
from components.network_policies import (
    EVERY_POD,
    from_peers,
    machines,
    pods,
    policy,
    to_names,
    to_peers,
    to_the_api,
)
from infra.config.model import Hospital

NAMESPACE = "cnpg-system"
OPERATOR: Mapping[str, str] = {"app.kubernetes.io/name": "cloudnative-pg"}
WEBHOOK_PORT = 9443
METRICS_PORT = 8080
STATUS_PORT = 8000
INSTANCES: Mapping[str, str] = {"cnpg.io/podRole": "instance"}

SUPPORTED = {"1.30": ("1.34", "1.35", "1.36"), "1.29": ("1.33", "1.34", "1.35")}
"""Operator to Kubernetes, from upstream's table in docs/src/supported_releases.md of v1.30.0."""
POSTGRESQL = range(14, 19)
"""Major versions that both of these operators run (same table)."""


def unsupported(operator: str, kubernetes: str, postgresql: str) -> str | None:
    """Why this operator cannot run on that cluster, or that database; None when it can.

    Versions are whole ones, such as 1.30.0. ``postgresql`` may be the tag of its image: the first number
    counts, and a preview without a built bundle knows none.
    """
    line, cluster = (version.rsplit(".", 1)[0] for version in (operator, kubernetes))
    if line not in SUPPORTED:
        known = ", ".join(SUPPORTED)
        return f"CloudNativePG {operator} is not a line we know ({known}): add it with upstream's table"
    if cluster not in SUPPORTED[line]:
        return (
            f"CloudNativePG {operator} supports Kubernetes {', '.join(SUPPORTED[line])}, not {kubernetes}: "
            "nothing was changed; choose versions that go together in toolchain/programs.py"
        )
    major = re.match(r"\d+", postgresql)
    if major is not None and int(major[0]) not in POSTGRESQL:
        return (
            f"CloudNativePG {operator} runs PostgreSQL {POSTGRESQL[0]} to {POSTGRESQL[-1]}, not {postgresql}:"
            " nothing was changed; choose another image"
        )
    return None


def render_operator(
    release: Iterable[Mapping[str, Any]], hospital: Hospital, clocks: ClusterClocks
) -> list[dict[str, Any]]:
    """The release for this hospital: slim definitions, an operator on each Mac, and its doors."""
    replicas = len(hospital.macs)
    manifests = [_fitted(manifest, replicas, clocks) for manifest in release]
    return [*manifests, *_doors(hospital), *([_disruption()] if replicas > 1 else [])]


def _fitted(manifest: Mapping[str, Any], replicas: int, clocks: ClusterClocks) -> dict[str, Any]:
    kind = manifest["kind"]
    if kind == "CustomResourceDefinition":
        return dict(without_descriptions(manifest))
    fitted = deepcopy(dict(manifest))
    if kind == "Namespace":
        fitted["metadata"].setdefault("labels", {})["pod-security.kubernetes.io/enforce"] = "restricted"
    if kind == "Deployment":
        _fit_deployment(fitted["spec"], replicas, clocks)
    return fitted


def _fit_deployment(spec: dict[str, Any], replicas: int, clocks: ClusterClocks) -> None:
    spec["replicas"] = replicas
    pod = spec["template"]["spec"]
    pod["priorityClassName"] = "medical-data"  # without it nobody fails over
    pod["tolerations"] = clocks.tolerations
    pod["topologySpreadConstraints"] = [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": dict(OPERATOR)},
        }
    ]
    (container,) = pod["containers"]
    container["imagePullPolicy"] = "Never"
    container["args"] += [
        f"--leader-lease-duration={clocks.operator.duration}",
        f"--leader-renew-deadline={clocks.operator.renew}",
    ]
    container["env"] += [
        {"name": name, "value": value} for name, value in clocks.connection_environment.items()
    ]
    # Upstream's tenth of a core makes every decision wait for its turn.
    container["resources"] = {
        "requests": {"cpu": "100m", "memory": "200M"},
        "limits": {"cpu": "1", "memory": "400M"},
    }


def without_descriptions(node: Any, names: bool = False) -> Any:
    """A definition without its documentation: three quarters of it, which state and diffs would carry.

    names: the keys of this level are names of fields, of which one may be called "description"
    """
    if isinstance(node, Mapping):
        return {
            key: without_descriptions(value, names=not names and key == "properties")
            for key, value in node.items()
            if names or key != "description" or not isinstance(value, str)
        }
    if isinstance(node, list):
        return [without_descriptions(one) for one in node]
    return node


def _doors(hospital: Hospital) -> list[dict[str, Any]]:
    instances = pods(INSTANCES, "medical-data")
    return [
        policy("default-deny", NAMESPACE, EVERY_POD),
        policy(
            "operator",
            NAMESPACE,
            OPERATOR,
            ingress=[from_peers(machines(hospital), WEBHOOK_PORT, METRICS_PORT)],
            egress=[to_the_api(hospital), to_names(), to_peers([instances], STATUS_PORT)],
        ),
    ]


def _disruption() -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "operator", "namespace": NAMESPACE},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": dict(OPERATOR)}},
    }
