"""The object store (Garage) as Kubernetes objects: one part per machine, each behind a door that speaks TLS.

Garage keeps a copy on every machine and answers while two of three live. It is told to fsync everything: a
power cut takes all machines at once, and its authors warn of losing what was not on any disk.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.manifests import Manifest
from components.object_store_endpoints import (
    INTERNAL_PORT,
    NAME,
    NAMESPACE,
    PEER_PORT,
    PORT,
    REGION,
    StorePart,
    replicas,
    store_address,
    store_parts,
)
from infra.config.model import Hospital

STORE_IMAGE = "docker.io/dxflrs/garage:v2.5.0"
DOOR_IMAGE = "docker.io/library/haproxy:3.0"
USER = 10002
OWNER = f"{USER}:{USER}"
PRIORITY_CLASS = "medical-data"
IDENTITY, ACCESS, CERTIFICATE = f"{NAME}-identity", f"{NAME}-peers", f"{NAME}-certificate"
"""Names of the secrets: a part's own key (one each), what all parts share, and the door's certificate."""
CLIENTS = {"cnpg.io/podRole": "instance"}
RESTORERS = {"cnpg.io/jobRole": "full-recovery"}
"""Pods of the records' namespace that may come in: instances of a database, and who restores one."""

_LOCAL_PORT, _HEALTH_PORT, _ADMIN_PORT = 3902, 3980, 3903
_LABELS = {"app.kubernetes.io/name": NAME}
_FIT_LATER = ("StatefulSet", "Service")
"""No part is fit to serve before the setup made a store of all; the setup waits for that, nobody else."""
_MEMORY_SHARE = 0.05
_GB = 10**9
_DOOR_MEMORY = 64 * 2**20
_WITNESS_TAINT = "node-role.kubernetes.io/control-plane"


def memory(hospital: Hospital) -> int:
    """Bytes for each part: its share of a Mac's data budget."""
    return int(hospital.budgets.data.memory_gb * _MEMORY_SHARE * _GB)


def render_store(
    hospital: Hospital,
    settings: Mapping[str, pulumi.Input[str]],
    reads: Mapping[str, pulumi.Input[str]],
    peers: str,
) -> list[Manifest]:
    """Everything but the namespace and the secrets.

    settings: part -> its settings (:func:`render_settings`)
    reads: part -> what changes whenever something does that it reads when it starts
    peers: namespace of those who may use the store
    """
    parts = store_parts(hospital)
    return [
        _config_map(f"{NAME}-door", {"haproxy.cfg": render_door()}),
        *_policies(peers),
        _service(hospital),
        *(_peer_service(part) for part in parts),
        *(_config_map(part.name, {"garage.toml": settings[part.name]}) for part in parts),
        *(_set(hospital, part, reads[part.name]) for part in parts),
        _disruption(),
    ]


def render_namespace() -> Manifest:
    """Nothing in it needs a right beyond those of every program."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def render_secret(name: str, data: Mapping[str, pulumi.Input[str]], *, binary: bool = False) -> Manifest:
    """``data`` as text, or as base64 of what is no text."""
    return {**_head("v1", "Secret", name), "type": "Opaque", ("data" if binary else "stringData"): dict(data)}


def render_settings(hospital: Hospital, part: StorePart, identities: Mapping[str, str]) -> str:
    """Garage's settings for ``part``; ``identities``: part -> its public identity (hex)."""
    peers = ", ".join(
        f'"{identities[one.name]}@{one.address}:{PEER_PORT}"' for one in store_parts(hospital) if one != part
    )
    return f"""\
metadata_dir = "/store"
data_dir = "/store/data"
db_engine = "lmdb"
metadata_fsync = true
data_fsync = true
metadata_auto_snapshot_interval = "6h"
replication_factor = {replicas(hospital)}
block_ram_buffer_max = {memory(hospital) // 4}
rpc_secret_file = "/peers/secret"
allow_world_readable_secrets = true
rpc_bind_addr = "0.0.0.0:{PEER_PORT}"
rpc_public_addr = "{part.address}:{PEER_PORT}"
bootstrap_peers = [{peers}]

[s3_api]
api_bind_addr = "127.0.0.1:{_LOCAL_PORT}"
s3_region = "{REGION}"

[admin]
api_bind_addr = "127.0.0.1:{_ADMIN_PORT}"
"""


def render_door() -> str:
    """HAProxy's configuration: TLS in front of the store, and one bare question for the probes."""
    return f"""\
global
    maxconn 200
    nbthread 1
    log stdout format raw local0 notice

defaults
    mode http
    log global
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout http-request 10s

frontend s3
    bind :{INTERNAL_PORT} ssl crt /certificate/store.pem ssl-min-ver TLSv1.3
    default_backend store

backend store
    server store 127.0.0.1:{_LOCAL_PORT}

frontend health
    bind :{_HEALTH_PORT}
    http-request deny unless {{ path /health }}
    default_backend health

backend health
    server store 127.0.0.1:{_ADMIN_PORT}
"""


def _head(version: str, kind: str, name: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE, "labels": _LABELS}
    if kind in _FIT_LATER:
        metadata["annotations"] = {"pulumi.com/skipAwait": "true"}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _config_map(name: str, data: Mapping[str, pulumi.Input[str]]) -> Manifest:
    return {**_head("v1", "ConfigMap", name), "data": dict(data)}


def _part_labels(part: StorePart) -> dict[str, str]:
    return {**_LABELS, "app.kubernetes.io/instance": part.name}


def _service(hospital: Hospital) -> Manifest:
    """S3 for the cluster; whoever runs beside a part is answered by it, and by another when it is not fit."""
    return {
        **_head("v1", "Service", NAME),
        "spec": {
            "clusterIP": str(store_address(hospital)),
            "trafficDistribution": "PreferSameNode",
            "selector": _LABELS,
            "ports": [{"name": "s3", "port": PORT, "targetPort": INTERNAL_PORT}],
        },
    }


def _peer_service(part: StorePart) -> Manifest:
    """One part's address for the others, also while it is not fit to serve: they must meet to become so."""
    return {
        **_head("v1", "Service", part.name),
        "spec": {
            "clusterIP": str(part.address),
            "publishNotReadyAddresses": True,
            "selector": _part_labels(part),
            "ports": [{"name": "peers", "port": PEER_PORT, "targetPort": PEER_PORT}],
        },
    }


def _policies(peers: str) -> list[Manifest]:
    ours = {"podSelector": {"matchLabels": _LABELS}}
    space = {"matchLabels": {"kubernetes.io/metadata.name": peers}}
    comers = [
        {"namespaceSelector": space, "podSelector": {"matchLabels": labels}}
        for labels in (CLIENTS, RESTORERS)
    ]
    peer_port = [{"protocol": "TCP", "port": PEER_PORT}]
    return [
        {
            **_head("networking.k8s.io/v1", "NetworkPolicy", NAME),
            "spec": {
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [
                    {"from": comers, "ports": [{"protocol": "TCP", "port": INTERNAL_PORT}]},
                    {"from": [ours], "ports": peer_port},
                ],
                "egress": [{"to": [ours], "ports": peer_port}],
            },
        }
    ]


def _disruption() -> Manifest:
    """One at a time: two of three must live for the store to answer."""
    return {
        **_head("policy/v1", "PodDisruptionBudget", NAME),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _LABELS}},
    }


def _set(hospital: Hospital, part: StorePart, reads: pulumi.Input[str]) -> Manifest:
    labels = _part_labels(part)
    annotations = {"prontuario.hospital/reads": reads}
    return {
        **_head("apps/v1", "StatefulSet", part.name),
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


def _secret_volume(name: str, secret: str) -> dict[str, Any]:
    return {"name": name, "secret": {"secretName": secret, "defaultMode": 0o440}}


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
    probe = {"path": "/health", "port": _HEALTH_PORT}
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
