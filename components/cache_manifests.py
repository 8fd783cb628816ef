"""The cache as Kubernetes objects: plain manifests from plain values, for any API server to check.

What runs in the pods is in :mod:`components.cache_pods`. The containers' scripts (components/scripts/cache)
are data like their settings; a hash of all that a container reads when it starts is on its pod, so that a
change restarts the pods, one after another.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from components.cache_endpoints import CACHE, NAMESPACE, PORT, SENTINEL_PORT, CacheEndpoint
from components.cache_files import render_sentinel, render_server, render_watch
from components.cache_pods import Boxes, Made, head, render_sentinels, render_servers, sentinels, servers
from components.network_policies import from_peers, machines, pods, policy, to_peers
from infra.config.model import Hospital

_SCRIPTS = Path(__file__).with_name("scripts") / "cache"
CLIENTS = {"prontuario.hospital/cache": "client"}
"""The label of a pod, in any namespace, that may use the cache."""


@dataclass(frozen=True)
class Manifests:
    """The objects of the cache. The Sentinels are restarted before the servers, never with them: somebody has
    to watch."""

    around: list[dict[str, Any]]
    sentinels: dict[str, Any]
    servers: dict[str, Any]


def render_cache(
    hospital: Hospital, image: str, secrets: pulumi.Input[str], namespace: str = NAMESPACE
) -> Manifests:
    """Everything but the secrets (:func:`render_secret`).

    secrets: changes whenever a password or the certificate does
    """
    settings = _settings(hospital, namespace)
    made = Made(hospital, image, _hash(settings), secrets, namespace)
    both = (servers(hospital), sentinels(hospital))
    return Manifests(
        around=[
            settings,
            *(_service(one, boxes, namespace) for boxes in both for one in boxes.endpoints),
            *(_governing(boxes, namespace) for boxes in both),
            *(_disruption(boxes, namespace) for boxes in both),
            _policy(hospital, namespace),
        ],
        sentinels=render_sentinels(made),
        servers=render_servers(made),
    )


def render_secret(
    name: str, files: Mapping[str, pulumi.Input[str]], namespace: str = NAMESPACE
) -> dict[str, Any]:
    """A secret whose keys are file names."""
    return {**head("v1", "Secret", name, namespace), "type": "Opaque", "stringData": dict(files)}


def _settings(hospital: Hospital, namespace: str) -> dict[str, Any]:
    scripts = {path.name: path.read_text() for path in sorted(_SCRIPTS.glob("*.sh"))}
    texts = {
        "valkey.conf": render_server(hospital),
        "sentinel.conf": render_sentinel(),
        "watch.conf": render_watch(),
    }
    return {**head("v1", "ConfigMap", f"{CACHE}-settings", namespace), "data": {**texts, **scripts}}


def _hash(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(settings["data"].items())).encode()).hexdigest()[:16]


def _service(one: CacheEndpoint, boxes: Boxes, namespace: str) -> dict[str, Any]:
    """One pod's own address. Also while it is not ready: a Sentinel must reach a server that loads its data,
    and what is fit to be used is for the Sentinels to say."""
    return {
        **head("v1", "Service", one.name, namespace),
        "spec": {
            "clusterIP": str(one.address),
            "publishNotReadyAddresses": True,
            "selector": {**boxes.labels, "statefulset.kubernetes.io/pod-name": one.name},
            "ports": [{"name": "tls", "port": one.port, "targetPort": one.port}],
        },
    }


def _governing(boxes: Boxes, namespace: str) -> dict[str, Any]:
    """The Service without an address that every StatefulSet has."""
    return {
        **head("v1", "Service", boxes.name, namespace),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": boxes.labels,
            "ports": [{"name": "tls", "port": boxes.port, "targetPort": boxes.port}],
        },
    }


def _disruption(boxes: Boxes, namespace: str) -> dict[str, Any]:
    """One at a time, whoever drains machines."""
    return {
        **head("policy/v1", "PodDisruptionBudget", boxes.name, namespace),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": boxes.labels}},
    }


def _policy(hospital: Hospital, namespace: str) -> dict[str, Any]:
    """The cache's pods among themselves, the machines' services, and pods that say they are clients."""
    labels = {"app.kubernetes.io/part-of": CACHE}
    clients = {"namespaceSelector": {}, "podSelector": {"matchLabels": CLIENTS}}
    both = (PORT, SENTINEL_PORT)
    return policy(
        CACHE,
        namespace,
        labels,
        ingress=[from_peers([pods(labels), clients, *machines(hospital)], *both)],
        egress=[to_peers([pods(labels)], *both)],
    )
