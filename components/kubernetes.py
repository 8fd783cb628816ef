"""The cluster: kubeadm's, with control plane and etcd on every machine, and what each of them needs."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from components import kubeadm, node_network
from components.addons import Addons, AddonsArgs
from components.authority import CertificateAuthority
from components.machine import Machine
from components.pools import Pools, PoolsArgs
from components.remote_script import call
from infra.config.model import Hospital

_LIBRARY = "kubernetes.sh"
_UNITS = "kubernetes_units.sh"
_KUBELET_PATH = "/etc/systemd/system/kubelet.service"
_MEMBER_TIMEOUT = 600
"""Seconds for one machine to found or join the cluster, or to take another configuration."""
ADMINISTRATORS = "kubeadm:cluster-admins"
"""Group that kubeadm binds to everything; the binding can be taken away, unlike that of system:masters."""

KUBELET = """\
[Unit]
Description=The machine's part of the cluster
Wants=network-online.target containerd.service prontuario-cluster-network.service
After=network-online.target containerd.service prontuario-cluster-network.service
# What kubeadm writes when the machine becomes a member.
ConditionPathExists=/var/lib/kubelet/config.yaml
StartLimitIntervalSec=0

[Service]
Environment=HTTP2_READ_IDLE_TIMEOUT_SECONDS=2 HTTP2_PING_TIMEOUT_SECONDS=2
Environment="BOOT=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf"
Environment="WHO=--kubeconfig=/etc/kubernetes/kubelet.conf" "HOW=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/local/bin/kubelet $BOOT $WHO $HOW $KUBELET_KUBEADM_ARGS
Restart=always
RestartSec=1
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
"""


class Prepared(Protocol):
    """A component with something to wait for: the container runtimes, the edge."""

    @property
    def ready(self) -> Sequence[pulumi.Resource]:
        """What to depend on."""
        ...


@dataclass(frozen=True)
class KubernetesClusterArgs:
    """What the cluster stands on.

    machines: every machine of the hospital; the first founds the cluster, the others join it in this order
    runtimes: the container runtime of each machine
    edge: the load balancer; the cluster's API is behind it
    authority: the cluster's own, for nothing else: whoever it signs for may be anybody in the cluster
    """

    hospital: Hospital
    machines: Sequence[Machine]
    runtimes: Sequence[Prepared]
    edge: Prepared
    authority: CertificateAuthority


class KubernetesCluster(pulumi.ComponentResource):
    """One cluster with a control plane and an etcd member on every machine.

    api: where it answers, ``https://host:port`` (str)
    kubeconfig: an administrator's, secret (str); known before the cluster is
    provider: for everything in the cluster; it uses that kubeconfig and nobody's present one
    members: per machine name, the step after which it is a member (dict of resources)
    ready: what to depend on for a cluster with names, network policies and pools

    Nothing of a member is made twice: its steps find it done. A configuration that changed is put in force on
    one machine after the other. To join, a machine gets a ticket (a token and the certificates' key, for an
    hour at most) that another one makes for it and voids right after; see scripts/kubernetes.sh.
    """

    provider: kubernetes.Provider
    kubeconfig: pulumi.Output[str]
    members: dict[str, pulumi.Resource]
    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: KubernetesClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("medical:cluster:KubernetesCluster", name, None, opts)
        self._name = name
        self._args = args
        self.api = f"https://{kubeadm.api_endpoint(args.hospital)}"
        encryption = random.RandomBytes(
            f"{name}-encryption",
            length=32,
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["base64", "hex"]),
        ).base64.apply(kubeadm.render_encryption)
        encryption = pulumi.Output.secret(encryption)
        runtimes = [step for runtime in args.runtimes for step in runtime.ready]
        # All machines before the first member: who founds a cluster asks the others whether they have one.
        prepared = [
            step
            for machine in args.machines
            for step in self._prepare(machine, encryption, [*machine.ready, *runtimes, *args.edge.ready])
        ]
        self.members = {}
        for machine in args.machines:
            self.members[machine.name] = self._admit(machine, [*prepared, *self.members.values()])
        founded = list(self.members.values())
        self.kubeconfig = self._kubeconfig()
        self.provider = kubernetes.Provider(
            f"{name}-api",
            kubeconfig=self.kubeconfig,
            # Another administrator's certificate is no other cluster.
            cluster_identifier=f"{args.hospital.name} {self.api}",
            opts=pulumi.ResourceOptions(parent=self, depends_on=founded),
        )
        inside = pulumi.ResourceOptions(parent=self, providers=[self.provider], depends_on=founded)
        addons = Addons(f"{name}-addons", AddonsArgs(args.hospital), inside)
        pools = Pools(f"{name}-pools", PoolsArgs(args.hospital), inside)
        self.ready = [*founded, *addons.ready, *pools.ready]
        self.register_outputs({"api": self.api, "kubeconfig": self.kubeconfig})

    def _prepare(
        self, machine: Machine, encryption: pulumi.Output[str], after: Sequence[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        """What a machine needs before kubeadm: the pods' network, the kubelet's unit, the configuration."""
        hospital, host = self._args.hospital, machine.host
        prefix = f"{machine.name}-{self._name}"
        opts = pulumi.ResourceOptions(parent=self, depends_on=list(after))
        unit = node_network.UNIT
        return [
            host.file(
                f"{prefix}-pods",
                node_network.CONFLIST,
                node_network.render_conflist(hospital, machine.name),
                opts=opts,
            ),
            host.file(f"{prefix}-keep-routes", node_network.NETWORKD, node_network.KEEP_ROUTES, opts=opts),
            host.file(
                f"{prefix}-network",
                node_network.UNIT_PATH,
                node_network.render_network_unit(hospital, machine.name),
                library=_UNITS,
                check='systemd-analyze verify --man=no "$1"',
                changed=call("start_unit", unit),
                removed=f"{call('forget_unit', unit)}\n"
                + node_network.render_removal(hospital, machine.name),
                opts=opts,
            ),
            host.file(
                f"{prefix}-kubelet",
                _KUBELET_PATH,
                KUBELET,
                library=_UNITS,
                changed="start_kubelet",
                removed=call("forget_unit", "kubelet.service"),
                opts=opts,
            ),
            host.file(f"{prefix}-encryption-key", kubeadm.ENCRYPTION, encryption, mode="0600", opts=opts),
            host.file(f"{prefix}-audit", kubeadm.AUDIT_POLICY, kubeadm.render_audit_policy(), opts=opts),
            host.file(
                f"{prefix}-config",
                kubeadm.CONFIG,
                kubeadm.render_kubeadm(hospital, machine.name),
                library=_LIBRARY,
                prepare="choose_cgroup_driver",
                check='check_config "$1"',
                opts=opts,
            ),
        ]

    def _admit(self, machine: Machine, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """``machine`` becomes a member, with a ticket from another one if there is a cluster already."""
        hospital, args = self._args.hospital, self._args
        prefix = f"{machine.name}-{self._name}"
        sponsor = next((one for one in args.machines if one is not machine), None)
        ticket_step = f"{sponsor.name}-{prefix}-ticket" if sponsor else "none"
        ticket: pulumi.Input[str] = "none"
        steps = list(after)
        if sponsor:
            made = sponsor.host.script(
                ticket_step,
                library=_LIBRARY,
                apply=call("ticket", machine.name),
                stdin=pulumi.Output.secret(""),  # what it says is secret
                opts=pulumi.ResourceOptions(parent=self, depends_on=steps),
            )
            ticket = made.stdout
            steps.append(made)
        config = kubeadm.render_kubeadm(hospital, machine.name)
        others = [str(one.address) for one in args.machines if one is not machine]
        label = [f"{key}={value}" for key, value in kubeadm.node_labels(hospital, machine.name).items()]
        member = machine.host.script(
            prefix,
            library=_LIBRARY,
            apply="\n".join(
                [
                    f"# as configured in {kubeadm.digest(config)}",
                    call("settle", machine.name, machine.address, kubeadm.VERSION, ticket_step, *others),
                    call("describe", machine.name, "no" if machine.node.is_mac else "yes", *label),
                ]
            ),
            remove="depart",
            stdin=pulumi.Output.concat(
                ticket,
                "\n",
                kubeadm.render_join(hospital, machine.name),
                args.authority.certificate,
                "\n",
                args.authority.key,
            ),
            timeout=_MEMBER_TIMEOUT,
            opts=pulumi.ResourceOptions(parent=self, depends_on=steps),
        )
        if not sponsor:
            return member
        return sponsor.host.script(
            f"{sponsor.name}-{prefix}-void",
            library=_LIBRARY,
            apply="void",
            stdin=pulumi.Output.secret(ticket),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[member]),
        )

    def _kubeconfig(self) -> pulumi.Output[str]:
        authority, name = self._args.authority, self._args.hospital.name
        administrator = authority.client_certificate("administrator", "prontuario-pulumi", ADMINISTRATORS)

        def text(known: dict[str, str]) -> str:
            return render_kubeconfig(name, self.api, known["authority"], known["certificate"], known["key"])

        return pulumi.Output.secret(
            pulumi.Output.all(
                authority=authority.certificate,
                certificate=administrator.certificate,
                key=administrator.key,
            ).apply(text)
        )


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def render_kubeconfig(cluster: str, server: str, authority: str, certificate: str, key: str) -> str:
    """A kubeconfig of one cluster and one user; JSON, which is YAML. Secret."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": cluster,
                    "cluster": {"server": server, "certificate-authority-data": _base64(authority)},
                }
            ],
            "users": [
                {
                    "name": "administrator",
                    "user": {
                        "client-certificate-data": _base64(certificate),
                        "client-key-data": _base64(key),
                    },
                }
            ],
            "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": "administrator"}}],
            "current-context": cluster,
        }
    )
