"""A machine of the hospital: what its Debian needs before the hospital's own software comes.

The Debian is the machine itself on Linux, and the guest on a Mac (``node.debian_address`` in both cases):
the same steps prepare both. macOS itself (power settings, launchd, the guest) will have components of its
own, which create their resources before these and hand over the booted guest; nothing here knows about it.

Nothing is installed: packages come with the machine's image or the signed bundle, and the first step says
which are missing, together with everything else that would stop a later step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import ClassVar

import pulumi

from components.firewall import NODE_EXPORTER_PORT, Firewall, firewall_for, render_firewall
from components.machine_files import (
    FIREWALL_UNIT,
    KERNEL_SETTINGS,
    render_clock,
    render_hosts,
    render_metrics_unit,
    render_sshd,
)
from components.remote import Host, unknown_machine
from components.remote_script import call
from infra.config.model import Hospital, Lan
from infra.config.node import Node
from infra.versions import DEBIAN_RELEASE, MACHINE_PACKAGES

FREE_MB = 5120
"""MB that must be free under /var before anything is built on a machine: the bundle of images, delivered,
imported and unpacked."""
_TRIAL = 90
"""Seconds new firewall rules stay in force unconfirmed: longer than dialling a new connection may take."""


@dataclass(frozen=True)
class MachineArgs:
    """What a machine has to know; :meth:`of` takes it from the stack file.

    name: its name in the stack file
    domain: the hospital's name, which is also the name of its ``floating`` address
    machines: every machine's name and address, to be known without a name server
    private_key: the administrator's SSH key (OpenSSH PEM, secret)
    """

    name: str
    node: Node
    lan: Lan
    domain: str
    machines: Mapping[str, IPv4Address]
    floating: IPv4Address
    firewall: Firewall
    private_key: pulumi.Input[str] = field(repr=False)

    @classmethod
    def of(cls, hospital: Hospital, name: str, private_key: pulumi.Input[str]) -> "MachineArgs":
        """The machine ``name`` of ``hospital``.

        Raises pulumi.RunError in an update if the host key of any machine is missing: all of them are
        named before the first one is touched.
        """
        unknown = [
            unknown_machine(other, str(node.debian_address))
            for other, node in hospital.nodes.items()
            if node.ssh.host_key is None
        ]
        if unknown and not pulumi.runtime.is_dry_run():
            raise pulumi.RunError("\n".join(unknown))
        return cls(
            name=name,
            node=hospital.nodes[name],
            lan=hospital.lan,
            domain=hospital.domain,
            machines={other: node.debian_address for other, node in hospital.nodes.items()},
            floating=hospital.edge.address,
            firewall=firewall_for(hospital, name),
            private_key=private_key,
        )


class Machine(pulumi.ComponentResource):
    """One Debian of the hospital, reachable, named, on time, closed to strangers and watched.

    name, address, node: as in the stack file
    host: its SSH door, for the components that build on it
    ready: the resources to depend on before building on it
    """

    kind: ClassVar[str]
    name: str
    address: str
    node: Node
    host: Host
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: MachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"medical:machine:{self.kind}", name, None, opts)
        self.name = args.name
        self.address = str(args.node.debian_address)
        self.node = args.node
        self.host = Host(args.name, self.address, args.node.ssh, args.private_key)
        # Before anything that can be removed: a removal only acts on a machine that bears its name.
        names = self._names(args, self._preflight(args))
        self.ready = [
            names,
            self._clock(args, names),
            self._sshd(args, names),
            self._firewall(args, self._account(names)),
            self._metrics(self._kernel(names)),
        ]
        self.register_outputs({"name": self.name, "address": self.address})

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))

    def _preflight(self, args: MachineArgs) -> pulumi.Resource:
        architecture = args.node.debian_architecture
        return self.host.script(
            "preflight",
            library="machine.sh",
            apply=call("preflight", DEBIAN_RELEASE, architecture, str(FREE_MB), *MACHINE_PACKAGES),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _names(self, args: MachineArgs, preflight: pulumi.Resource) -> pulumi.Resource:
        return self.host.script(
            "names",
            library="machine.sh",
            apply=call("set_names", args.name),
            remove="forget_names",
            stdin=render_hosts(args.machines, args.floating, args.domain),
            opts=self._after(preflight),
        )

    def _clock(self, args: MachineArgs, names: pulumi.Resource) -> pulumi.Resource:
        restart = "systemctl enable --quiet systemd-timesyncd\nsystemctl restart systemd-timesyncd"
        return self.host.file(
            "clock",
            "/etc/systemd/timesyncd.conf.d/50-prontuario.conf",
            render_clock(args.lan.ntp),
            changed=restart,
            removed="systemctl try-restart systemd-timesyncd",
            opts=self._after(names),
        )

    def _kernel(self, names: pulumi.Resource) -> pulumi.Resource:
        # A removed setting keeps its value until the next boot: what it was before is nowhere written down.
        return self.host.file(
            "kernel",
            "/etc/sysctl.d/60-prontuario.conf",
            KERNEL_SETTINGS,
            changed='sysctl --quiet --load "$1"',
            opts=self._after(names),
        )

    def _sshd(self, args: MachineArgs, names: pulumi.Resource) -> pulumi.Resource:
        reload = "if systemctl is-active --quiet ssh; then systemctl reload ssh; fi"
        return self.host.file(
            "sshd",
            "/etc/ssh/sshd_config.d/10-prontuario.conf",
            render_sshd(args.node.ssh.user),
            check='sshd -t -f "$1"',
            changed=f"sshd -t\n{reload}",
            removed=reload,
            opts=self._after(names),
        )

    def _account(self, names: pulumi.Resource) -> pulumi.Resource:
        account = self.host.script(
            "account",
            library="machine.sh",
            apply="make_account",
            remove="drop_account",
            opts=self._after(names),
        )
        return self.host.script(
            "directories",
            library="machine.sh",
            apply="make_directories",
            remove="drop_directories",
            opts=self._after(account),
        )

    def _firewall(self, args: MachineArgs, directories: pulumi.Resource) -> pulumi.Resource:
        port = str(args.node.ssh.port)
        rules_text = render_firewall(args.firewall)
        unit = self.host.file(
            "firewall-unit",
            "/etc/systemd/system/prontuario-firewall.service",
            FIREWALL_UNIT,
            changed="systemctl daemon-reload",
            removed="systemctl daemon-reload",
            opts=self._after(directories),
        )
        rules = self.host.file(
            "firewall-rules",
            "/etc/prontuario/firewall.nft",
            rules_text,
            library="firewall.sh",
            check='nft -c -f "$1"',
            changed=call("try_rules", port, str(_TRIAL)),
            opts=self._after(unit),
        )
        return self.host.script(
            "firewall",
            library="firewall.sh",
            apply=call("confirm_rules", port),
            remove="forget_rules",
            # Nothing reads it: other rules must be confirmed again.
            stdin=rules_text,
            opts=self._after(rules),
        )

    def _metrics(self, kernel: pulumi.Resource) -> pulumi.Resource:
        return self.host.file(
            "metrics",
            "/etc/systemd/system/prometheus-node-exporter.service.d/prontuario.conf",
            render_metrics_unit(self.address, NODE_EXPORTER_PORT),
            library="machine.sh",
            changed=call("serve_metrics", self.address, str(NODE_EXPORTER_PORT)),
            removed="drop_metrics",
            opts=self._after(kernel),
        )


class MacStudio(Machine):
    """One of the two machines that carry the patients' data and the models."""

    kind = "MacStudio"

    def __init__(self, name: str, args: MachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not args.node.is_mac:
            raise ValueError(f"{args.name} is the witness: build it as Witness")
        super().__init__(name, args, opts)


class Witness(Machine):
    """The small box that breaks ties and holds the floating address when both Macs are gone."""

    kind = "Witness"

    def __init__(self, name: str, args: MachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args.node.is_mac:
            raise ValueError(f"{args.name} is a Mac ({args.node.role}): build it as MacStudio")
        super().__init__(name, args, opts)
