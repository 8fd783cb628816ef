"""The object store's pods: ``store``, and beside it the ``door`` that speaks TLS for it."""

from typing import Any

import pulumi

from components.manifests import Manifest
from components.object_store_endpoints import (
    INTERNAL_PORT,
    NAME,
    NAMESPACE,
    PEER_PORT,
    StorePart,
)
from components.object_store_settings import HEALTH_PORT, memory
from infra.config.model import Hospital

STORE_IMAGE = "docker.io/dxflrs/garage:v2.5.0"
DOOR_IMAGE = "docker.io/library/haproxy:3.0"
USER = 10002
OWNER = f"{USER}:{USER}"
PRIORITY_CLASS = "medical-data"
IDENTITY, ACCESS, CERTIFICATE = f"{NAME}-identity", f"{NAME}-peers", f"{NAME}-certificate"
"""Names of the secrets: a part's own key (one each), what all parts share, and the door's certificate."""
LABELS = {"app.kubernetes.io/name": NAME}

_FIT_LATER = ("StatefulSet", "Service")
"""No part is fit to serve before the setup made a store of all; the setup waits for that, nobody else."""
_DOOR_MEMORY = 64 * 2**20
_WITNESS_TAINT = "node-role.kubernetes.io/control-plane"


def head(version: str, kind: str, name: str) -> dict[str, Any]:
    """The beginning of every object of the store."""
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE, "labels": LABELS}
    if kind in _FIT_LATER:
        metadata["annotations"] = {"pulumi.com/skipAwait": "true"}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def part_labels(part: StorePart) -> dict[str, str]:
    """What selects one part's pod."""
    return {**LABELS, "app.kubernetes.io/instance": part.name}


def render_set(hospital: Hospital, part: StorePart, reads: pulumi.Input[str]) -> Manifest:
    labels = part_labels(part)
    annotations = {"prontuario.hospital/reads": reads}
    return {
        **head("apps/v1", "StatefulSet", part.name),
        "spec": {
            "serviceName": part.name,
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain" if hospital.keep_data else "Delete",
                "whenScaled": "Retain",
            },
            "template": {
                "metadata": {"labels": labels, "annotations": annotations},
                "spec": _pod(hospital, part),
            },
            "volumeClaimTemplates": [_claim(hospital)],
        },
    }


def _claim(hospital: Hospital) -> dict[str, Any]:
    return {
        "metadata": {"name": "store"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": NAME,
            "resources": {"requests": {"storage": hospital.backup.size}},
        },
    }


def _pod(hospital: Hospital, part: StorePart) -> dict[str, Any]:
    return {
        "priorityClassName": PRIORITY_CLASS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 15,
        "nodeSelector": {"kubernetes.io/hostname": part.machine},
        # Its data is on that machine and nowhere else: when the machine is away, the pod waits for it.
        "tolerations": [
            *(
                {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute"}
                for state in ("not-ready", "unreachable")
            ),
            {"key": _WITNESS_TAINT, "operator": "Exists"},
        ],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_garage(hospital), _door()],
        "volumes": [
            {"name": "settings", "configMap": {"name": part.name}},
            {"name": "door", "configMap": {"name": f"{NAME}-door"}},
            {
                "name": "identity",
                "secret": {"secretName": f"{IDENTITY}-{part.machine}", "defaultMode": 0o440},
            },
            {"name": "peers", "secret": {"secretName": ACCESS, "defaultMode": 0o440}},
            {"name": "certificate", "secret": {"secretName": CERTIFICATE, "defaultMode": 0o440}},
        ],
    }


def _garage(hospital: Hospital) -> dict[str, Any]:
    bytes_ = memory(hospital)
    return {
        **_container("store", STORE_IMAGE, request=bytes_ // 2, limit=bytes_, cpu="20m"),
        "command": ["/garage", "server"],
        "env": [
            {"name": "GARAGE_CONFIG_FILE", "value": "/settings/garage.toml"},
            {"name": "RUST_LOG", "value": "garage=warn"},
        ],
        "ports": [{"name": "peers", "containerPort": PEER_PORT}],
        "volumeMounts": [
            {"name": "store", "mountPath": "/store"},
            {"name": "settings", "mountPath": "/settings", "readOnly": True},
            {"name": "peers", "mountPath": "/peers", "readOnly": True},
            *(
                {"name": "identity", "mountPath": f"/store/{file}", "subPath": file, "readOnly": True}
                for file in ("node_key", "node_key.pub")
            ),
        ],
    }


def _door() -> dict[str, Any]:
    probe = {"path": "/health", "port": HEALTH_PORT}
    return {
        **_container("door", DOOR_IMAGE, request=_DOOR_MEMORY // 4, limit=_DOOR_MEMORY, cpu="10m"),
        "command": ["/usr/sbin/haproxy", "-W", "-db", "-f", "/door/haproxy.cfg"],
        "ports": [{"name": "s3", "containerPort": INTERNAL_PORT}],
        # Fit when the store has enough parts to answer: a client is refused at once rather than left waiting.
        "readinessProbe": {"httpGet": probe, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 2},
        "volumeMounts": [
            {"name": "door", "mountPath": "/door", "readOnly": True},
            {"name": "certificate", "mountPath": "/certificate", "readOnly": True},
        ],
    }


def _container(name: str, image: str, *, request: int, limit: int, cpu: str) -> dict[str, Any]:
    """``request`` and ``limit`` of memory in bytes."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "Never",
        "resources": {"requests": {"memory": str(request), "cpu": cpu}, "limits": {"memory": str(limit)}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
