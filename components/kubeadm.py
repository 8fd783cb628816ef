"""The texts a machine's part of the cluster is made from: kubeadm's configuration and what it points to.

Pure: a hospital and a machine's name in, text out. Lines that are there for a reason one cannot see:

- ``bindPort`` 6444: a listener on all addresses at 6443 would take the place of HAProxy, which listens there
  at the floating address. kubeadm warns that the two ports differ on every command; that is harmless.
- ``advertise-address`` is an address that every machine has on its own loopback: the ``kubernetes`` Service
  then has one endpoint, which is always the local API server, so no pod depends on another machine to reach
  the API. kubeadm's own ``advertiseAddress`` stays the machine's: etcd's peers use that.
- ``imagePullPolicy: Never``: nothing is ever pulled; an image that is not in the bundle is an error at once.
  ``imageGCHighThresholdPercent: 100`` and no eviction for disk space: both delete images that no container
  uses at the moment, and one that is gone (``pause``!) never comes back. Free space is watched elsewhere.
- ``protectKernelDefaults``: the kubelet compares the kernel's settings (components/machine_files.py) and
  writes none. ``makeIPTablesUtilChains`` and ``conntrack``: nor does it, or kube-proxy, write the others.
- ``SystemVerification`` ignored and ``failCgroupV1: false``: computers with the older control groups are
  refused otherwise; the virtual hospital's host may be one.
- ``skipPhases``: CoreDNS is ours (components/addons.py), and nobody needs a join command in a log.
- ``allocate-node-cidrs: false``: each machine's part of the pod network follows from its place in the stack
  file (components/node_network.py), not from the order in which machines joined.
- The hash of the audit policy stands in the API server's environment: only another manifest restarts it.
"""

from hashlib import sha256
from ipaddress import IPv4Address
from typing import Any

import yaml

from components.clocks import ClusterClocks, Lease, clocks_for
from infra.config import ports
from infra.config.model import Hospital
from toolchain.programs import COREDNS, ETCD, KUBERNETES

FOLDER = "/etc/kubernetes/prontuario"
CONFIG = f"{FOLDER}/kubeadm.yaml"
ENCRYPTION = f"{FOLDER}/encryption.yaml"
AUDIT_POLICY = f"{FOLDER}/audit.yaml"
AUDIT_FOLDER = "/var/log/kubernetes"
ETCD_DATA = "/var/lib/etcd/member-data"
"""A folder that etcd makes by itself, inside the one that may be a mount."""
SOCKET = "unix:///run/containerd/containerd.sock"
DOMAIN = "cluster.local"
VERSION = f"v{KUBERNETES}"
WITNESS_TAINT = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
"""On the witness: it votes, and carries only what says that it tolerates this."""

CGROUP_DRIVER = "@cgroup_driver@"
"""Decided on the machine, as for its containerd: both must manage the same kind of control groups."""
_LIFE = "8760h"
"""Of the certificates kubeadm signs: a year, and anew with every upgrade."""


def api_endpoint(hospital: Hospital) -> str:
    """Where the cluster's API answers, whichever machine holds the address: ``host:port``."""
    return f"{hospital.edge.address}:{ports.API}"


def dns_address(hospital: Hospital) -> IPv4Address:
    """The cluster's name server, the tenth address of the service network as everywhere."""
    return hospital.kubernetes.service_network[10]


def render_kubeadm(hospital: Hospital, machine: str) -> str:
    """The file from which ``machine`` founds the cluster, and from which its parts are made anew.

    :data:`CGROUP_DRIVER` is put in on the machine itself.
    """
    clocks = clocks_for(hospital)
    documents = [
        _init(hospital, machine),
        _cluster(hospital, clocks),
        _kubelet(hospital, clocks),
        _proxy(hospital),
    ]
    return yaml.safe_dump_all(documents, sort_keys=False)


def render_join(hospital: Hospital, machine: str) -> str:
    """How ``machine`` joins; {TOKEN}, {CERTIFICATE_KEY} and {AUTHORITY_HASH} are put in on the machine.

    They stand in braces because YAML then quotes them: a key of digits alone would be read as a number.
    """
    return yaml.safe_dump(
        {
            **_kind("JoinConfiguration"),
            "discovery": {
                "bootstrapToken": {
                    "token": "{TOKEN}",
                    "apiServerEndpoint": api_endpoint(hospital),
                    "caCertHashes": ["sha256:{AUTHORITY_HASH}"],
                }
            },
            "nodeRegistration": _registration(hospital, machine),
            "controlPlane": {
                "localAPIEndpoint": _local_endpoint(hospital, machine),
                "certificateKey": "{CERTIFICATE_KEY}",
            },
            "timeouts": _TIMEOUTS,
        },
        sort_keys=False,
    )


def render_audit_policy() -> str:
    """Who changed or read what, without its content; nothing that beats like a clock."""
    components = [f"system:{name}" for name in ("kube-controller-manager", "kube-scheduler", "kube-proxy")]
    secrets = [{"group": "", "resources": ["secrets"]}]
    quiet = [
        {"group": "coordination.k8s.io", "resources": ["leases"]},
        {"group": "", "resources": ["events"]},
        {"group": "events.k8s.io", "resources": ["events"]},
    ]
    rules: list[dict[str, Any]] = [
        {"level": "None", "users": components},
        {"level": "None", "userGroups": ["system:nodes", "system:serviceaccounts:kube-system"]},
        {"level": "None", "resources": quiet},
        # People and programs that read a secret are worth a line; watching everything else is not.
        {"level": "Metadata", "resources": secrets, "verbs": ["get", "list"]},
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "Metadata"},
    ]
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"]}
    return yaml.safe_dump({**policy, "rules": rules}, sort_keys=False)


def render_encryption(key: str) -> str:
    """How etcd holds secrets: encrypted with ``key`` (32 bytes, base64). The text is secret."""
    providers = [{"secretbox": {"keys": [{"name": "first", "secret": key}]}}, {"identity": {}}]
    return yaml.safe_dump(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{"resources": ["secrets"], "providers": providers}],
        },
        sort_keys=False,
    )


def node_labels(hospital: Hospital, machine: str) -> dict[str, str]:
    """What the scheduler may know of ``machine``: its role, its rack, and the pools it carries."""
    node = hospital.nodes[machine]
    pools = ("ai", "api", "data") if node.is_mac else ()
    return {
        "prontuario.hospital/role": node.role,
        "topology.kubernetes.io/zone": node.zone,
        **{f"pool.prontuario.hospital/{pool}": "true" for pool in pools},
    }


def _kind(kind: str) -> dict[str, Any]:
    return {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": kind}


_DISK_SIGNALS = ("nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree")
_TIMEOUTS = {
    "controlPlaneComponentHealthCheck": "240s",
    "discovery": "60s",
    "kubernetesAPICall": "60s",
    "tlsBootstrap": "120s",
}


def _init(hospital: Hospital, machine: str) -> dict[str, Any]:
    return {
        **_kind("InitConfiguration"),
        "localAPIEndpoint": _local_endpoint(hospital, machine),
        "nodeRegistration": _registration(hospital, machine),
        "skipPhases": ["addon/coredns", "show-join-command"],
        "timeouts": _TIMEOUTS,
    }


def _local_endpoint(hospital: Hospital, machine: str) -> dict[str, Any]:
    address = hospital.nodes[machine].debian_address
    return {"advertiseAddress": str(address), "bindPort": ports.LOCAL_API}


def _registration(hospital: Hospital, machine: str) -> dict[str, Any]:
    node = hospital.nodes[machine]
    return {
        "name": machine,
        "criSocket": SOCKET,
        "imagePullPolicy": "Never",
        "taints": [] if node.is_mac else [WITNESS_TAINT],
        "ignorePreflightErrors": ["SystemVerification"],
        # Not the floating address, which may be on the same interface.
        "kubeletExtraArgs": _arguments({"node-ip": str(node.debian_address)}),
    }


def _cluster(hospital: Hospital, clocks: ClusterClocks) -> dict[str, Any]:
    leases = _leases(clocks.control_plane)
    hurry = [{"name": name, "value": value} for name, value in clocks.connection_environment.items()]
    api_server = {
        "advertise-address": str(hospital.kubernetes.local_api),
        "encryption-provider-config": ENCRYPTION,
        "encryption-provider-config-automatic-reload": "true",
        "audit-policy-file": AUDIT_POLICY,
        "audit-log-path": f"{AUDIT_FOLDER}/audit.log",
        "audit-log-maxage": "365",
        "audit-log-maxsize": "50",
        "audit-log-maxbackup": "20",
        "profiling": "false",
    }
    controller_manager = {
        "allocate-node-cidrs": "false",
        "node-monitor-grace-period": f"{clocks.node_grace}s",
        "node-monitor-period": f"{clocks.node_period}s",
        "profiling": "false",
        **leases,
    }
    network = hospital.kubernetes
    return {
        **_kind("ClusterConfiguration"),
        "kubernetesVersion": VERSION,
        "clusterName": hospital.name,
        "controlPlaneEndpoint": api_endpoint(hospital),
        "encryptionAlgorithm": "ECDSA-P256",
        "certificateValidityPeriod": _LIFE,
        "networking": {
            "podSubnet": str(network.pod_network),
            "serviceSubnet": str(network.service_network),
            "dnsDomain": DOMAIN,
        },
        "etcd": {
            "local": {
                "imageTag": f"{ETCD}-0",
                "dataDir": ETCD_DATA,
                "extraArgs": _arguments({"auto-compaction-retention": "1h"}),
            }
        },
        "dns": {"imageTag": f"v{COREDNS}"},
        "apiServer": {
            "certSANs": [str(network.local_api), "127.0.0.1", hospital.domain],
            "extraArgs": _arguments(api_server),
            "extraEnvs": [{"name": "PRONTUARIO_AUDIT_POLICY", "value": digest(render_audit_policy())}],
            "extraVolumes": [
                _volume("prontuario", FOLDER, "Directory", read_only=True),
                _volume("audit", AUDIT_FOLDER, "DirectoryOrCreate", read_only=False),
            ],
        },
        "controllerManager": {"extraArgs": _arguments(controller_manager), "extraEnvs": hurry},
        "scheduler": {"extraArgs": _arguments({"profiling": "false", **leases}), "extraEnvs": hurry},
    }


def _kubelet(hospital: Hospital, clocks: ClusterClocks) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupDriver": CGROUP_DRIVER,
        "clusterDNS": [str(dns_address(hospital))],
        "clusterDomain": DOMAIN,
        "containerRuntimeEndpoint": SOCKET,
        "failCgroupV1": False,
        "failSwapOn": False,
        "protectKernelDefaults": True,
        "makeIPTablesUtilChains": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "256Mi", **dict.fromkeys(_DISK_SIGNALS, "0%")},
        # Kubernetes' own five minutes would keep the only database waiting while its machine is well.
        "crashLoopBackOff": {"maxContainerRestartPeriod": "5s"},
        "nodeStatusUpdateFrequency": f"{clocks.node_status}s",
        "nodeLeaseDurationSeconds": clocks.node_lease,
    }


def _proxy(hospital: Hospital) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": str(hospital.kubernetes.pod_network),
        "conntrack": {"maxPerCore": 0, "min": 0},
    }


def _leases(lease: Lease) -> dict[str, str]:
    return {
        "leader-elect-lease-duration": f"{lease.duration}s",
        "leader-elect-renew-deadline": f"{lease.renew}s",
        "leader-elect-retry-period": f"{lease.retry}s",
    }


def _arguments(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _volume(name: str, path: str, kind: str, *, read_only: bool) -> dict[str, Any]:
    return {"name": name, "hostPath": path, "mountPath": path, "readOnly": read_only, "pathType": kind}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
