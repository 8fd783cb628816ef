"""The failure detector on every machine, and its rights in the cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pulumi
import pulumi_random as random

from components import detector_files as files
from components.detector_package import Package, build_package
from components.detector_rights import render_rights
from components.machine import Machine
from components.manifests import create
from components.remote_script import call
from infra.config.model import Hospital

_LIBRARY = "detector.sh"
_TOOL = Path(__file__).with_name("scripts") / "prontuario-detector-identity.sh"
_UNITS = "/etc/systemd/system"
_RELOAD = "systemctl daemon-reload"


class Cluster(Protocol):
    """What the detector needs of the cluster: the way into its API, and what to wait for."""

    @property
    def provider(self) -> pulumi.ProviderResource:
        """Explicit, as for everything in the cluster."""
        ...

    @property
    def ready(self) -> Sequence[pulumi.Resource]:
        """Machines that have joined, and namespaces."""
        ...


@dataclass(frozen=True)
class FailureDetectorArgs:
    """machines: all of the hospital's, in the order in which their detectors are updated."""

    hospital: Hospital
    machines: Sequence[Machine]
    cluster: Cluster


class FailureDetector(pulumi.ComponentResource):
    """Decides that a Mac is dead, and has its standby promoted; see ``detector/``.

    status: by machine, the URL where its detector says what it sees (dict of str); empty without detectors
    ready: what to depend on for a hospital whose machines watch each other

    Two machines must agree that the third is dead, so with fewer than three there is no detector, and none
    when it is switched off: what an earlier update installed is then removed. Detectors are updated one
    machine after the other, each only when the one before knows the others again.
    """

    status: pulumi.Output[dict[str, str]]
    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: FailureDetectorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("medical:failover:FailureDetector", name, None, opts)
        self._name = name
        self._hospital = args.hospital
        self.ready = []
        watched = args.machines if args.hospital.detector.enabled and len(args.machines) >= 3 else []
        port = args.hospital.detector.metrics_port
        urls = {machine.name: f"http://{machine.address}:{port}/status" for machine in watched}
        if watched:
            rights: list[pulumi.Resource] = [
                *create(
                    name,
                    render_rights(args.hospital),
                    pulumi.ResourceOptions(
                        parent=self, provider=args.cluster.provider, depends_on=list(args.cluster.ready)
                    ),
                )
            ]
            secret = random.RandomBytes(
                f"{name}-secret",
                length=32,
                opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["base64", "hex"]),
            )
            package = build_package()
            for machine in watched:
                earlier = [*args.cluster.ready, *rights, *self.ready[-1:]]
                self.ready.append(self._watch(machine, package, secret.hex, earlier))
        self.status = pulumi.Output.from_input(urls)
        self.register_outputs({"status": self.status})

    def _watch(
        self,
        machine: Machine,
        package: Package,
        secret: pulumi.Output[str],
        earlier: Sequence[pulumi.Resource],
    ) -> pulumi.Resource:
        """The detector of one machine; returns the step after which it watches."""
        host, prefix = machine.host, f"{machine.name}-{self._name}"
        opts = pulumi.ResourceOptions(parent=self, depends_on=[*machine.ready, *earlier])
        account = host.script(
            f"{prefix}-account",
            library=_LIBRARY,
            apply=call("make_detector_account", files.ACCOUNT),
            remove=call("drop_detector_account", files.ACCOUNT),
            opts=opts,
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[account])
        program = f"{files.PACKAGES}/{package.name}"
        upload = host.upload(f"{prefix}-program", str(package.path), package.sha256, program, opts=after)
        known = secret.apply(lambda value: files.render_config(self._hospital, machine.name, value))
        config: pulumi.Output[str] = pulumi.Output.secret(known)
        placed = [
            upload,
            host.file(
                f"{prefix}-config",
                files.CONFIG,
                config,
                mode="0600",
                owner=f"{files.ACCOUNT}:{files.ACCOUNT}",
                check=f'python3 -I -S -B {program} check "$1"',
                opts=pulumi.ResourceOptions(parent=self, depends_on=[account, upload]),
            ),
            host.file(f"{prefix}-identity", files.IDENTITY_TOOL, _TOOL.read_text(), mode="0755", opts=after),
            host.file(
                f"{prefix}-command", files.COMMAND, files.render_command(program), mode="0755", opts=after
            ),
        ]
        units = {
            "unit": (f"{files.ACCOUNT}.service", files.render_unit(program)),
            "identity-unit": (f"{files.ACCOUNT}-identity.service", files.render_identity_unit(machine.name)),
            "identity-timer": (f"{files.ACCOUNT}-identity.timer", files.IDENTITY_TIMER),
        }
        placed += [
            host.file(
                f"{prefix}-{step}", f"{_UNITS}/{unit}", text, changed=_RELOAD, removed=_RELOAD, opts=after
            )
            for step, (unit, text) in units.items()
        ]
        texts = "".join(text for _, text in units.values())
        return host.script(
            prefix,
            library=_LIBRARY,
            apply=call("start_detector", files.ACCOUNT, files.COMMAND),
            remove=call("stop_detector", files.ACCOUNT),
            # Nothing reads it: with another program, unit or configuration it must start anew.
            stdin=pulumi.Output.concat(texts, config),
            opts=pulumi.ResourceOptions(parent=self, depends_on=placed),
        )
