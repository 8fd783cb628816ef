"""The object store (Garage) as Kubernetes objects: one part per machine, each behind a door that speaks TLS.

Garage keeps a copy on every machine and answers while two of three live. It is told to fsync everything: a
power cut takes all machines at once, and its authors warn of losing what was not on any disk.
"""

from collections.abc import Mapping

import pulumi

from components.manifests import Manifest
from components.network_policies import pods
from components.object_store_endpoints import (
    INTERNAL_PORT,
    NAME,
    NAMESPACE,
    PEER_PORT,
    PORT,
    StorePart,
    store_address,
    store_parts,
)
from components.object_store_pods import LABELS, head, part_labels, render_set
from components.object_store_settings import render_door
from components.pools import namespace_of
from infra.config.model import Hospital

CLIENTS = {"cnpg.io/podRole": "instance"}
RESTORERS = {"cnpg.io/jobRole": "full-recovery"}
"""Pods of the records' namespace that may come in: instances of a database, and who restores one."""
DOCUMENT_CLIENTS = {"prontuario.hospital/object-store": "client"}
"""Pods of the services' namespace that may come in, for patients' documents."""


def render_store(
    hospital: Hospital,
    settings: Mapping[str, pulumi.Input[str]],
    reads: Mapping[str, pulumi.Input[str]],
    peers: str,
) -> list[Manifest]:
    """Everything but the namespace and the secrets.

    settings: part -> its settings (object_store_settings.py)
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
        *(render_set(hospital, part, reads[part.name]) for part in parts),
        _disruption(),
    ]


def render_namespace() -> Manifest:
    """Nothing in it needs a right beyond those of every program."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def render_secret(name: str, data: Mapping[str, pulumi.Input[str]], *, binary: bool = False) -> Manifest:
    """``data`` as text, or as base64 of what is no text."""
    return {**head("v1", "Secret", name), "type": "Opaque", ("data" if binary else "stringData"): dict(data)}


def _config_map(name: str, data: Mapping[str, pulumi.Input[str]]) -> Manifest:
    return {**head("v1", "ConfigMap", name), "data": dict(data)}


def _service(hospital: Hospital) -> Manifest:
    """S3 for the cluster; whoever runs beside a part is answered by it, and by another when it is not fit."""
    return {
        **head("v1", "Service", NAME),
        "spec": {
            "clusterIP": str(store_address(hospital)),
            "trafficDistribution": "PreferSameNode",
            "selector": LABELS,
            "ports": [{"name": "s3", "port": PORT, "targetPort": INTERNAL_PORT}],
        },
    }


def _peer_service(part: StorePart) -> Manifest:
    """One part's address for the others, also while it is not fit to serve: they must meet to become so."""
    return {
        **head("v1", "Service", part.name),
        "spec": {
            "clusterIP": str(part.address),
            "publishNotReadyAddresses": True,
            "selector": part_labels(part),
            "ports": [{"name": "peers", "port": PEER_PORT, "targetPort": PEER_PORT}],
        },
    }


def _policies(peers: str) -> list[Manifest]:
    ours = {"podSelector": {"matchLabels": LABELS}}
    space = {"matchLabels": {"kubernetes.io/metadata.name": peers}}
    comers = [
        {"namespaceSelector": space, "podSelector": {"matchLabels": labels}}
        for labels in (CLIENTS, RESTORERS)
    ]
    comers.append(pods(DOCUMENT_CLIENTS, namespace_of("api")))
    peer_port = [{"protocol": "TCP", "port": PEER_PORT}]
    return [
        {
            **head("networking.k8s.io/v1", "NetworkPolicy", NAME),
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
        **head("policy/v1", "PodDisruptionBudget", NAME),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": LABELS}},
    }
