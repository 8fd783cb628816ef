"""The three pools of the whiteboard (AI, API, Data): namespaces that share the Macs by the typed budgets.

Each has its quota (the budget of one Mac, times the Macs), limits for a container that names none, a
priority, and walls: nothing in, nothing out but questions to the name server; what a component needs beyond
that it opens itself. When memory is short, AI goes first and the medical records last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.manifests import KubernetesObject, Manifest, create
from components.network_policies import to_names
from infra.config.model import Hospital
from infra.config.node import Budget

POOL_LABEL = "prontuario.hospital/pool"
"""On the namespaces of a pool and on the pods that its disruption budget counts."""
PRIORITIES = {"data": 1_000_000, "api": 500_000, "ai": 100_000}
"""By pool; Kubernetes' own parts are at 2 000 000 000."""


@dataclass(frozen=True)
class PoolsArgs:
    """The whole configuration."""

    hospital: Hospital


class Pools(pulumi.ComponentResource):
    """Namespaces medical-data, medical-api and medical-ai; the provider is that of ``opts``.

    ready: what to depend on before anything is put into them
    """

    ready: Sequence[KubernetesObject]

    def __init__(self, name: str, args: PoolsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("medical:cluster:Pools", name, None, opts)
        outer = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)
        manifests = render_pools(args.hospital)
        spaces = create(name, [one for one in manifests if one["kind"] == "Namespace"], outer)
        inner = pulumi.ResourceOptions(parent=self, depends_on=spaces)
        others = create(name, [one for one in manifests if one["kind"] != "Namespace"], inner)
        self.ready = [*spaces, *others]
        self.register_outputs({})


def namespace_of(pool: str) -> str:
    """``medical-data`` for ``data``; also the name of the pool's PriorityClass."""
    return f"medical-{pool}"


def render_pools(hospital: Hospital) -> list[Manifest]:
    """All objects of the three pools."""
    budgets = {"data": hospital.budgets.data, "api": hospital.budgets.api, "ai": hospital.budgets.ai}
    return [
        manifest
        for pool, budget in budgets.items()
        for manifest in _pool(pool, budget, macs=len(hospital.macs))
    ]


def _pool(pool: str, budget: Budget, macs: int) -> list[Manifest]:
    name = namespace_of(pool)
    labels = {POOL_LABEL: pool, "pod-security.kubernetes.io/enforce": "restricted"}
    objects: list[Manifest] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": PRIORITIES[pool],
            "description": f"What runs in the hospital's {pool} pool",
        },
        {**_in(name, "v1", "ResourceQuota", "budget"), "spec": {"hard": _quota(budget, macs)}},
        {**_in(name, "v1", "LimitRange", "budget"), "spec": {"limits": [_limits(budget)]}},
        _policy(name, "closed", {"policyTypes": ["Ingress", "Egress"]}),
        _policy(name, "names", {"policyTypes": ["Egress"], "egress": [to_names()]}),
    ]
    if pool != "data":  # databases know themselves which of their instances may stop
        # With two Macs one may be worked on; with one, work on it stops the service as announced.
        budgeted = {"minAvailable": macs - 1, "selector": {"matchLabels": {POOL_LABEL: pool}}}
        objects.append({**_in(name, "policy/v1", "PodDisruptionBudget", "budget"), "spec": budgeted})
    return objects


def _quota(budget: Budget, macs: int) -> dict[str, str]:
    cpu, memory = f"{budget.cpu_cores * macs}", f"{budget.memory_gb * macs}Gi"
    return {
        "requests.cpu": cpu,
        "requests.memory": memory,
        "limits.memory": memory,
        "pods": "60",
    }


def _limits(budget: Budget) -> dict[str, Any]:
    """Limits of memory alone: a processor that is idle may be used by whoever needs it."""
    return {
        "type": "Container",
        "max": {"memory": f"{budget.memory_gb}Gi"},
        "default": {"memory": "256Mi"},
        "defaultRequest": {"memory": "64Mi", "cpu": "20m"},
    }


def _policy(namespace: str, name: str, spec: dict[str, Any]) -> Manifest:
    return {
        **_in(namespace, "networking.k8s.io/v1", "NetworkPolicy", name),
        "spec": {"podSelector": {}, **spec},
    }


def _in(namespace: str, version: str, kind: str, name: str) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
