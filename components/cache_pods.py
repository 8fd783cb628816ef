"""The cache's pods: ``server`` and beside it ``keeper`` in those of the cache, ``sentinel`` in theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.cache_endpoints import (
    CACHE,
    PORT,
    SENTINEL,
    SENTINEL_PORT,
    CacheEndpoint,
    quorum,
    sentinel_endpoints,
    server_endpoints,
)
from components.cache_files import HELPER_CPU, KEEPER_MEMORY, SENTINEL_CPU, SENTINEL_MEMORY, CacheSize
from infra.config.model import Hospital

_USER = 999
"""The image's own."""
OWNER = f"{_USER}:{_USER}"
PRIORITY_CLASS = "medical-data"
WITNESS_TAINT = "node-role.kubernetes.io/control-plane"
SENTINEL_VOLUME = "64Mi"


@dataclass(frozen=True)
class Boxes:
    """One of the two StatefulSets: its name, its pods' endpoints, its port."""

    name: str
    endpoints: Sequence[CacheEndpoint]
    port: int

    @property
    def labels(self) -> dict[str, str]:
        """What selects its pods."""
        return {"app.kubernetes.io/part-of": CACHE, "app.kubernetes.io/name": self.name}


@dataclass(frozen=True)
class Made:
    """What every pod is made from: the bundle's ``image``, hashes of the ``settings`` and ``secrets`` that it
    reads when it starts, and the ``namespace``."""

    hospital: Hospital
    image: str
    settings: str
    secrets: pulumi.Input[str]
    namespace: str


def servers(hospital: Hospital) -> Boxes:
    """The cache's own pods."""
    return Boxes(CACHE, server_endpoints(hospital), PORT)


def sentinels(hospital: Hospital) -> Boxes:
    """The Sentinels' pods."""
    return Boxes(SENTINEL, sentinel_endpoints(hospital), SENTINEL_PORT)


def head(version: str, kind: str, name: str, namespace: str) -> dict[str, Any]:
    """The beginning of every object of the cache."""
    labels = {"app.kubernetes.io/part-of": CACHE}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def render_servers(made: Made) -> dict[str, Any]:
    """A server on every Mac; a keeper beside it where there is a second one."""
    size = CacheSize.of(made.hospital)
    server = _container(made, "server", size.memory, size.cpu) | {
        "ports": [{"name": "tls", "containerPort": PORT}],
        # A large log takes its time to load; nobody may take that for death.
        "startupProbe": _probe("server", period=2, timeout=3, failures=900),
        "livenessProbe": _probe("server", period=30, timeout=10, failures=3),
        "readinessProbe": _probe("ready", period=10, timeout=5, failures=2),
    }
    containers = [server]
    if len(made.hospital.macs) > 1:
        containers.append(_container(made, "keeper", KEEPER_MEMORY, HELPER_CPU))
    return _set(made, servers(made.hospital), containers, made.hospital.cache.size)


def render_sentinels(made: Made) -> dict[str, Any]:
    """A Sentinel on every machine."""
    sentinel = _container(made, "sentinel", SENTINEL_MEMORY, HELPER_CPU, most=SENTINEL_CPU) | {
        "ports": [{"name": "tls", "containerPort": SENTINEL_PORT}],
        "startupProbe": _probe("sentinel", period=2, timeout=5, failures=60),
        "livenessProbe": _probe("sentinel", period=30, timeout=10, failures=3),
    }
    return _set(made, sentinels(made.hospital), [sentinel], SENTINEL_VOLUME)


def _set(made: Made, boxes: Boxes, containers: Sequence[Mapping[str, Any]], size: str) -> dict[str, Any]:
    annotations = {"prontuario.hospital/settings": made.settings, "prontuario.hospital/secrets": made.secrets}
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": boxes.name,
        "resources": {"requests": {"storage": size}},
    }
    return {
        **head("apps/v1", "StatefulSet", boxes.name, made.namespace),
        "spec": {
            "serviceName": boxes.name,
            "replicas": len(boxes.endpoints),
            # One that cannot start must not keep the other from starting.
            "podManagementPolicy": "Parallel",
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain" if made.hospital.keep_data else "Delete",
                "whenScaled": "Retain",
            },
            "selector": {"matchLabels": boxes.labels},
            "template": {
                "metadata": {"labels": boxes.labels, "annotations": annotations},
                "spec": _pod(boxes, containers),
            },
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
        },
    }


def _pod(boxes: Boxes, containers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    apart = {"labelSelector": {"matchLabels": boxes.labels}, "topologyKey": "kubernetes.io/hostname"}
    # Its data is on that machine and nowhere else: when the machine is away, the pod waits for it.
    tolerations: list[dict[str, Any]] = [
        {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute"}
        for state in ("not-ready", "unreachable")
    ]
    if boxes.name == SENTINEL:
        tolerations.append({"key": WITNESS_TAINT, "operator": "Exists"})
    return {
        "priorityClassName": PRIORITY_CLASS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 15,
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}},
        "tolerations": tolerations,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": list(containers),
        "volumes": [
            {"name": "settings", "configMap": {"name": f"{CACHE}-settings"}},
            _secret_files("credentials", f"{boxes.name}-credentials"),
            _secret_files("certificate", f"{CACHE}-certificate"),
            {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}},
        ],
    }


def _secret_files(name: str, secret: str) -> dict[str, Any]:
    """In memory, below a folder of root's that only this pod sees; its one user must be able to read them."""
    return {"name": name, "secret": {"secretName": secret, "defaultMode": 0o444}}


def _container(made: Made, name: str, memory: int, cpu: int, most: int | None = None) -> dict[str, Any]:
    """``memory`` in bytes, never more; ``cpu`` in thousandths of a core, more while there is some, up to
    ``most``."""
    limits = {"memory": str(memory), **({"cpu": f"{most}m"} if most else {})}
    environment = {
        "CACHE": CACHE,
        "PORT": str(PORT),
        "SENTINEL_PORT": str(SENTINEL_PORT),
        "SERVERS": _pairs(server_endpoints(made.hospital)),
        "SENTINELS": _pairs(sentinel_endpoints(made.hospital)),
        "QUORUM": str(quorum(made.hospital)),
    }
    return {
        "name": name,
        "image": made.image,
        "imagePullPolicy": "Never",
        "command": ["/bin/sh", f"/settings/{name}.sh"],
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        "resources": {
            "requests": {"memory": str(memory), "cpu": f"{cpu}m"},
            "limits": limits,
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "run", "mountPath": "/run/valkey"},
            {"name": "settings", "mountPath": "/settings", "readOnly": True},
            {"name": "credentials", "mountPath": "/credentials", "readOnly": True},
            {"name": "certificate", "mountPath": "/certificate", "readOnly": True},
        ],
    }


def _pairs(endpoints: Sequence[CacheEndpoint]) -> str:
    return " ".join(f"{one.name}={one.address}" for one in endpoints)


def _probe(what: str, *, period: int, timeout: int, failures: int) -> dict[str, Any]:
    """Seconds and tries, seldom: starting a program in a container costs far more than the question, and that
    a server is dead is for the Sentinels to notice."""
    return {
        "exec": {"command": ["/bin/sh", "/settings/check.sh", what]},
        "periodSeconds": period,
        "timeoutSeconds": timeout,
        "failureThreshold": failures,
    }
