"""The edge: HAProxy and the floating address on every machine of the hospital."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_random as random

from components import haproxy, haproxy_tunnels, keepalived
from components.authority import CertificateAuthority
from components.machine import Machine
from infra.config.model import Hospital

_UNIT = "/etc/systemd/system/{service}.service.d/prontuario.conf"
_LIBRARY = "edge.sh"
_UNIT_CHANGED = "systemctl daemon-reload"
_CERTIFICATE_CHANGED = "systemctl try-reload-or-restart haproxy"


@dataclass(frozen=True)
class LoadBalancerArgs:
    """What the edge stands on.

    hospital: the whole configuration
    machines: every machine of it
    authority: signs the edge's certificate and those of the medical records
    cluster_authority: signs the API servers' certificates
    """

    hospital: Hospital
    machines: Sequence[Machine]
    authority: CertificateAuthority
    cluster_authority: CertificateAuthority


class LoadBalancer(pulumi.ComponentResource):
    """One address for the hospital, held by one machine at a time; each can serve through it.

    address: the floating address (str)
    url: where clinicians' devices connect (str)
    certificate_authority: PEM that a client must trust (str)
    statistics: by machine, the URL of its statistics; /metrics below it is for Prometheus (dict of str)
    statistics_user, statistics_password: for those; the password is secret (str)
    ready: what to depend on for a hospital that answers

    HAProxy is updated on one machine after the other, the one least likely to hold the address first: a
    configuration that breaks an edge stops there. keepalived goes the other way round: the first one to start
    holds the address, and that shall be the primary. With one machine everything is the same but the peers.
    """

    address: pulumi.Output[str]
    url: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    statistics: pulumi.Output[dict[str, str]]
    statistics_user: pulumi.Output[str]
    statistics_password: pulumi.Output[str]
    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("medical:edge:LoadBalancer", name, None, opts)
        hospital = args.hospital
        addresses = [
            hospital.edge.address,
            *(node.debian_address for node in hospital.nodes.values()),
        ]
        self._certificate = args.authority.server_certificate(
            name, [hospital.domain], [str(address) for address in addresses]
        )
        password = random.RandomPassword(
            f"{name}-statistics",
            length=32,
            special=False,
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["result", "bcrypt_hash"]),
        )
        environment: pulumi.Output[str] = pulumi.Output.secret(
            pulumi.Output.concat(haproxy.STATS_PASSWORD_VARIABLE, "=", password.result, "\n")
        )
        self._trusted = {
            "hospital-authority": (haproxy_tunnels.HOSPITAL_AUTHORITY, args.authority.certificate),
            "cluster-authority": (haproxy_tunnels.CLUSTER_AUTHORITY, args.cluster_authority.certificate),
        }
        last_to_hold = sorted(args.machines, key=lambda each: keepalived.PRIORITIES[each.node.role])
        steps: list[pulumi.Resource] = []
        for machine in last_to_hold:
            steps.append(self._balance(f"{machine.name}-{name}", hospital, machine, environment, steps[-1:]))
        for machine in reversed(last_to_hold):
            steps.append(self._float(f"{machine.name}-{name}", hospital, machine, steps[-1:]))
        self.ready = steps[-1:]
        self.address = pulumi.Output.from_input(str(hospital.edge.address))
        self.url = pulumi.Output.from_input(f"https://{hospital.edge.address}/")
        self.certificate_authority = args.authority.certificate
        self.statistics = pulumi.Output.from_input(
            {
                machine.name: f"https://{machine.node.debian_address}:{hospital.edge.stats_port}/"
                for machine in args.machines
            }
        )
        self.statistics_user = pulumi.Output.from_input(haproxy.STATS_USER)
        self.statistics_password = pulumi.Output.secret(password.result)
        self.register_outputs(
            {
                "address": self.address,
                "url": self.url,
                "certificate_authority": self.certificate_authority,
                "statistics": self.statistics,
                "statistics_user": self.statistics_user,
                "statistics_password": self.statistics_password,
            }
        )

    def _balance(
        self,
        prefix: str,
        hospital: Hospital,
        machine: Machine,
        environment: pulumi.Output[str],
        after: Sequence[pulumi.Resource],
    ) -> pulumi.Resource:
        """HAProxy on one machine, ``after`` another machine's; returns the step that puts it in force."""
        needed = [
            machine.host.file(
                f"{prefix}-certificate",
                haproxy.CERTIFICATE,
                self._certificate.bundle,
                mode="0600",
                library=_LIBRARY,
                check='check_certificate "$1"',
                changed=_CERTIFICATE_CHANGED,
                opts=self._after(machine, after),
            ),
            *(
                machine.host.file(
                    f"{prefix}-{whose}",
                    path,
                    certificate,
                    library=_LIBRARY,
                    check='check_authority "$1"',
                    changed=_CERTIFICATE_CHANGED,
                    opts=self._after(machine, after),
                )
                for whose, (path, certificate) in self._trusted.items()
            ),
            machine.host.file(
                f"{prefix}-first-state",
                haproxy_tunnels.FIRST_STATE,
                haproxy_tunnels.render_first_state(hospital),
                library=_LIBRARY,
                opts=self._after(machine, after),
            ),
            machine.host.file(
                f"{prefix}-statistics",
                haproxy.ENVIRONMENT,
                environment,
                mode="0600",
                library=_LIBRARY,
                changed="restart_haproxy",
                opts=self._after(machine, after),
            ),
            machine.host.file(
                f"{prefix}-haproxy-unit",
                _UNIT.format(service="haproxy"),
                haproxy.UNIT,
                changed=_UNIT_CHANGED,
                library=_LIBRARY,
                removed="forget_unit haproxy",
                opts=self._after(machine, after),
            ),
        ]
        return machine.host.file(
            f"{prefix}-haproxy",
            haproxy.CONFIG,
            haproxy.render_haproxy(hospital, machine.name),
            library=_LIBRARY,
            check='check_haproxy "$1"',
            changed='reload_haproxy "$1"',
            opts=self._after(machine, needed),
        )

    def _float(
        self, prefix: str, hospital: Hospital, machine: Machine, after: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        """keepalived on one machine, and both services from now on at every boot; returns the last step."""
        unit = machine.host.file(
            f"{prefix}-keepalived-unit",
            _UNIT.format(service="keepalived"),
            keepalived.render_unit(hospital, machine.name),
            changed=_UNIT_CHANGED,
            library=_LIBRARY,
            removed="forget_unit keepalived",
            opts=self._after(machine, after),
        )
        address = machine.host.file(
            f"{prefix}-keepalived",
            keepalived.CONFIG,
            keepalived.render_keepalived(hospital, machine.name),
            library=_LIBRARY,
            check='check_keepalived "$1"',
            changed="reload_keepalived",
            opts=self._after(machine, [unit]),
        )
        return machine.host.script(
            f"{prefix}-services",
            apply="systemctl enable --quiet --now haproxy keepalived",
            # The address goes first, so that another machine has it before this one stops answering.
            remove="systemctl disable --quiet --now keepalived\nsystemctl disable --quiet --now haproxy",
            opts=self._after(machine, [address]),
        )

    def _after(self, machine: Machine, steps: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=[*machine.ready, *steps])
