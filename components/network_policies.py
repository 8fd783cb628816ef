"""Who may speak to whom in the cluster: the peers that more than one component lets through.

Everything else is refused by a default that each namespace has. A rule sees real addresses: that of the pod
behind a Service, and that of a machine for whatever runs on it (HAProxy, the API server, an exporter's
reader).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra.config import ports
from infra.config.model import Hospital

Peer = dict[str, Any]
Rule = dict[str, Any]

EVERY_POD: Mapping[str, str] = {}


def tcp(*numbers: int) -> list[dict[str, Any]]:
    """Ports of a rule."""
    return [{"protocol": "TCP", "port": number} for number in numbers]


def address(one: object) -> Peer:
    """Exactly this address."""
    return {"ipBlock": {"cidr": f"{one}/32"}}


def machines(hospital: Hospital) -> list[Peer]:
    """What runs on the hospital's machines themselves."""
    return [address(node.debian_address) for node in hospital.nodes.values()]


def pods(labels: Mapping[str, str], namespace: str | None = None) -> Peer:
    """The pods with these labels, of the rule's own namespace unless another is named."""
    peer: Peer = {"podSelector": {"matchLabels": dict(labels)}}
    if namespace is not None:
        peer["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return peer


def to_the_api(hospital: Hospital) -> Rule:
    """The machine's own API server, under its Service's name or its address."""
    service = hospital.kubernetes.service_network[1]
    return {
        "to": [address(hospital.kubernetes.local_api), address(service)],
        "ports": tcp(ports.LOCAL_API, 443),
    }


def to_names() -> Rule:
    """The cluster's DNS."""
    return {
        "to": [pods({"k8s-app": "kube-dns"}, "kube-system")],
        "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
    }


def policy(
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    *,
    ingress: Iterable[Rule] = (),
    egress: Iterable[Rule] = (),
) -> dict[str, Any]:
    """For the pods with ``labels``: nothing passes in either direction but these."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "podSelector": {"matchLabels": dict(labels)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": list(ingress),
            "egress": list(egress),
        },
    }


def from_peers(peers: Sequence[Peer], *numbers: int) -> Rule:
    """TCP from any of ``peers`` to any of the ports ``numbers``."""
    return {"from": list(peers), "ports": tcp(*numbers)}


def to_peers(peers: Sequence[Peer], *numbers: int) -> Rule:
    """TCP to any of ``peers`` at any of the ports ``numbers``."""
    return {"to": list(peers), "ports": tcp(*numbers)}
