"""What every pod needs from the cluster itself: names, and network policies that are enforced.

**Names**: CoreDNS on every machine, and a Service that leads each client to its own machine's
(``internalTrafficPolicy: Local``). Two replicas behind one Service would lose every second question from a
machine's death until Kubernetes has noticed it, which with calm clocks is most of a minute.

**Policies**: kube-router's policy controller alone, on every machine. kube-proxy (nftables mode) does the
Services and plain routes do the rest (components/node_network.py). The machine's firewall drops whatever is
forwarded to a pod and was not let through by it (its mark, components/firewall.py), so a machine that boots
is closed until the controller has spoken. Why not another engine: docs/decisions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.clocks import clocks_for
from components.haproxy_tunnels import OWN_DOOR
from components.kubeadm import DOMAIN, dns_address
from components.manifests import KubernetesObject, Manifest, create
from infra.config import ports
from infra.config.model import Hospital
from toolchain.programs import COREDNS, KUBE_ROUTER

NAMESPACE = "kube-system"
DNS_LABELS = {"k8s-app": "kube-dns"}
"""What a policy names to allow questions to the name server."""
POLICY_HEALTH_PORT = 20244
_FIRST_SYNC = (
    "iptables --wait 5 --check FORWARD --match comment --comment",
    "KUBE-ROUTER rule to explicitly ACCEPT traffic that comply to network policies",
    "--match mark --mark 0x20000/0x20000 --jump ACCEPT",
)
"""The rule that kube-router writes last: there from its first complete round on. Its words are upstream's."""
_EVERYWHERE = [{"operator": "Exists"}]


@dataclass(frozen=True)
class AddonsArgs:
    """The whole configuration."""

    hospital: Hospital


class Addons(pulumi.ComponentResource):
    """CoreDNS and the network policies' engine; the provider is that of ``opts``.

    ready: what to depend on before a pod is expected to find or reach another
    """

    ready: Sequence[KubernetesObject]

    def __init__(self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("medical:cluster:Addons", name, None, opts)
        manifests = [*render_policy_engine(args.hospital), *render_dns(args.hospital)]
        # The dependencies of a component are not those of its children.
        inner = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)
        self.ready = create(name, manifests, inner)
        self.register_outputs({})


def render_policy_engine(hospital: Hospital) -> list[Manifest]:
    """kube-router as a DaemonSet that does nothing but network policies."""
    name = "kube-router"
    reading = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["namespaces", "pods", "nodes"], "verbs": reading},
        {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": reading},
    ]
    container = {
        "name": name,
        "image": f"docker.io/cloudnativelabs/kube-router:v{KUBE_ROUTER}",
        "imagePullPolicy": "Never",
        "args": [
            "--run-firewall=true",
            "--run-router=false",
            "--run-service-proxy=false",
            "--run-loadbalancer=false",
            f"--service-cluster-ip-range={hospital.kubernetes.service_network}",
            "--iptables-sync-period=1m",
            f"--health-port={POLICY_HEALTH_PORT}",
        ],
        "env": [
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            # Any API server will do: it exits when it finds none, is started again after 10 s, and until it
            # has spoken nobody reaches a pod here. On a machine that boots the own one is late.
            {"name": "KUBERNETES_SERVICE_HOST", "value": OWN_DOOR},
            {"name": "KUBERNETES_SERVICE_PORT", "value": str(ports.API)},
            *_environment(hospital),
        ],
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}},
        "securityContext": {
            "runAsUser": 0,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"]},
        },
        # Without it a DaemonSet counts as rolled out while every machine still drops what goes to its pods.
        "startupProbe": {
            "exec": {"command": [*_FIRST_SYNC[0].split(), _FIRST_SYNC[1], *_FIRST_SYNC[2].split()]},
            "periodSeconds": 1,
            "timeoutSeconds": 6,
            "failureThreshold": 120,
        },
        "livenessProbe": {
            "httpGet": {"host": "127.0.0.1", "port": POLICY_HEALTH_PORT, "path": "/healthz"},
            "periodSeconds": 10,
            "failureThreshold": 6,
        },
        "volumeMounts": [{"name": "lock", "mountPath": "/run/xtables.lock"}],
    }
    lock = {"name": "lock", "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"}}
    pod = {
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "serviceAccountName": name,
        "tolerations": _EVERYWHERE,
        "containers": [container],
        "volumes": [lock],
    }
    return [*_account(name, rules), _daemon_set(name, {"k8s-app": name}, pod)]


def render_dns(hospital: Hospital) -> list[Manifest]:
    """CoreDNS on every machine, for the cluster's own names and the hospital's; it asks nobody else."""
    name = "coredns"
    reading = ["list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": reading},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": reading},
    ]
    corefile = render_corefile(hospital)
    container = {
        "name": name,
        "image": f"registry.k8s.io/coredns/coredns:v{COREDNS}",
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "env": _environment(hospital),
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "20m", "memory": "48Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "readinessProbe": {"httpGet": {"port": 8181, "path": "/ready"}, "periodSeconds": 5},
        "livenessProbe": {
            "httpGet": {"port": 8080, "path": "/health"},
            "initialDelaySeconds": 10,
            "periodSeconds": 10,
            "failureThreshold": 6,
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }
    pod = {
        "priorityClassName": "system-node-critical",
        "serviceAccountName": name,
        "dnsPolicy": "Default",
        "tolerations": _EVERYWHERE,
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": name}}],
    }
    ports = [
        {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "targetPort": "dns-tcp", "protocol": "TCP"},
        {"name": "metrics", "port": 9153, "targetPort": "metrics", "protocol": "TCP"},
    ]
    return [
        *_account(name, rules),
        {**_object("v1", "ConfigMap", name), "data": {"Corefile": corefile}},
        _daemon_set(name, DNS_LABELS, pod),
        {
            **_object("v1", "Service", "kube-dns"),
            "spec": {
                "clusterIP": str(dns_address(hospital)),
                "selector": DNS_LABELS,
                "ports": ports,
                "internalTrafficPolicy": "Local",
            },
        },
    ]


def render_corefile(hospital: Hospital) -> str:
    """The cluster's zones and the hospital's; any other name is refused at once.

    Without ``forward`` and ``loop``: there is nobody to ask.
    """
    machines = [(str(node.debian_address), name) for name, node in hospital.nodes.items()]
    lines = [f"{hospital.edge.address} {hospital.domain}"]
    lines += [f"{address} {name}.{hospital.domain}" for address, name in machines]
    hosts = "\n".join(f"        {line}" for line in lines)
    zones = (DOMAIN, "in-addr.arpa", "ip6.arpa")
    return f"""\
{" ".join(f"{zone}:53" for zone in zones)} {{
    errors
    health {{
        lameduck 1s
    }}
    ready
    kubernetes {" ".join(zones)} {{
        pods disabled
        ttl 5
    }}
    prometheus :9153
    cache 5
    reload 10s
}}
{hospital.domain}:53 {{
    errors
    hosts {{
{hosts}
    }}
    prometheus :9153
    cache 5
}}
"""


def _environment(hospital: Hospital) -> list[dict[str, str]]:
    clocks = clocks_for(hospital)
    return [{"name": name, "value": value} for name, value in clocks.connection_environment.items()]


def _object(version: str, kind: str, name: str, namespace: str | None = NAMESPACE) -> dict[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place}}


def _account(name: str, rules: list[dict[str, Any]]) -> list[Manifest]:
    """A service account that may do what ``rules`` say, in the whole cluster."""
    rbac = "rbac.authorization.k8s.io"
    return [
        _object("v1", "ServiceAccount", name),
        {**_object(f"{rbac}/v1", "ClusterRole", name, None), "rules": rules},
        {
            **_object(f"{rbac}/v1", "ClusterRoleBinding", name, None),
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
        },
    ]


def _daemon_set(name: str, labels: dict[str, str], pod: dict[str, Any]) -> Manifest:
    return {
        **_object("apps/v1", "DaemonSet", name),
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
