"""The hospital's own services in the cluster: a release as pods, one role each, behind the edge."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from app.release import Release
from components.machine import Machine
from components.manifests import KubernetesObject, Manifest, create, object_name
from components.services_endpoints import EDGE_ROLES, NAMESPACE, service_endpoints
from components.services_image import deliver_services
from components.services_manifests import render_secret, render_services
from components.services_outside import SIGNATURES, hidden, outside_credentials, outside_secrets
from components.services_pods import PROGRESS, Made
from components.services_sizes import ROLES, ServiceSizes
from components.services_stores import Stores
from components.services_workloads import (
    MANAGER,
    MIGRATION,
    REVISION,
    render_edge_deployment,
    render_migration,
    render_worker,
)
from components.volumes import Cluster
from infra.config.model import Hospital
from lab.images.artefact import ImageBundle
from lab.images.catalogue import SERVICES

_SCRIPT = Path(__file__).with_name("scripts") / "rollout.py"
_RUN = "python3 -I /dev/fd/3 3<<'SCRIPT' 2>&1"
_MIGRATION = "15m"
"""For the Job, its own tries included."""


@dataclass(frozen=True)
class MedicalServicesArgs:
    """The services of ``hospital``.

    machines: the Macs
    release, archive: what runs, and the signed archive with its image
    stores: where the services keep what they are told
    """

    hospital: Hospital
    cluster: Cluster
    machines: Sequence[Machine]
    release: Release
    archive: ImageBundle
    stores: Stores


class MedicalServices(pulumi.ComponentResource):
    """Every role of the application on the Macs; the emergency role is the cloud's.

    First the image, then the tables, then the pods: the secondary's, and the primary's only when those serve,
    then the workers. No pod goes before another one serves. A release that does not become ready is taken
    back on the machine where that was found, never reaches the other, and the update fails with one line.

    release: the id of the release that serves (str)
    ready: what to depend on; the last is done when all of it serves
    """

    release: str
    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: MedicalServicesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("medical:app:MedicalServices", name, None, opts)
        self._name, self._args = name, args
        hospital, stores = args.hospital, args.stores
        self._made = Made(hospital, args.archive.image(SERVICES.repository))
        self.release = args.release.id
        self._secrets = {
            "services": {**stores.credentials, **outside_credentials(hospital)},
            f"services-{MIGRATION}": stores.migration_credentials,
            **outside_secrets(hospital),
        }
        here = pulumi.ResourceOptions(parent=self, depends_on=list(args.cluster.ready))
        signers = hospital.bundle.signers
        images = [deliver_services(machine, args.archive, signers, here) for machine in args.machines]
        around = self._create(
            [
                *(render_secret(secret, hidden(files)) for secret, files in self._secrets.items()),
                *render_services(hospital),
            ],
            args.cluster.ready,
        )
        migrated = self._migrate([*images, *around, *stores.records.ready])
        done: list[pulumi.Resource] = [*images, *around, migrated, *stores.cache.ready]
        for machine in sorted(args.machines, key=lambda one: one.node.role == "primary"):
            done.append(self._roll_out(machine, "rollout", self._edge_deployments(machine), done))
        last = next(machine for machine in args.machines if machine.node.role == "primary")
        done.append(self._roll_out(last, "workers", [self._revised(render_worker(self._made, ""))], done))
        self.ready = done
        self.register_outputs({"release": self.release})

    def _edge_deployments(self, machine: Machine) -> list[dict[str, Any]]:
        return [
            self._revised(render_edge_deployment(self._made, endpoint, ""))
            for role in EDGE_ROLES
            for endpoint in service_endpoints(self._args.hospital, role)
            if endpoint.machine == machine.name
        ]

    def _revised(self, deployment: dict[str, Any]) -> dict[str, Any]:
        """With the name of its revision, which changes with all that its pods are made from."""
        template = deployment["spec"]["template"]
        made = json.dumps([template, self._args.archive.digest], sort_keys=True)
        fixed = hashlib.sha256(made.encode()).hexdigest()[:12]
        read = {**self._secrets["services"], **self._secrets.get(SIGNATURES, {})}
        files = pulumi.Output.all(**read)
        # Tells that a password changed and nothing else about it: each holds far more than can be searched.
        revision = pulumi.Output.unsecret(files.apply(lambda known: f"{fixed}-{_digest(known)}"))
        template["metadata"]["annotations"][REVISION] = revision
        return deployment

    def _migrate(self, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        patience = pulumi.CustomTimeouts(create=_MIGRATION, update=_MIGRATION)
        return KubernetesObject(
            # Not named after the release: the next one's Job takes this one's place.
            f"{self._name}-{MIGRATION}",
            render_migration(self._made, self.release),
            pulumi.ResourceOptions.merge(
                self._after(after), pulumi.ResourceOptions(custom_timeouts=patience)
            ),
        )

    def _roll_out(
        self,
        machine: Machine,
        what: str,
        deployments: Sequence[dict[str, Any]],
        after: Sequence[pulumi.Resource],
    ) -> pulumi.Resource:
        """``deployments``, and the step on ``machine`` that waits for them or takes them back."""
        objects = [
            KubernetesObject(object_name(self._name, one), one, self._after(after)) for one in deployments
        ]
        revisions = {
            one["metadata"]["name"]: one["spec"]["template"]["metadata"]["annotations"][REVISION]
            for one in deployments
        }
        seconds = patience(self._args.hospital)
        wanted = {"namespace": NAMESPACE, "manager": MANAGER, "release": self.release, "seconds": seconds}
        return machine.host.script(
            f"{machine.name}-{self._name}-{what}",
            apply=f'said=$({_RUN}\n{_SCRIPT.read_text()}SCRIPT\n) || die "$said"',
            stdin=pulumi.Output.all(**revisions).apply(
                lambda known: json.dumps({**wanted, "deployments": known}, sort_keys=True)
            ),
            timeout=2 * seconds + 60,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*after, *objects]),
        )

    def _after(self, resources: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, provider=self._args.cluster.provider, depends_on=list(resources)
        )

    def _create(self, what: Sequence[Manifest], after: Sequence[pulumi.Resource]) -> list[KubernetesObject]:
        return create(self._name, what, self._after(after))


def patience(hospital: Hospital) -> int:
    """Seconds for the pods of one Mac to follow each other; each may take as long as the cluster allows."""
    processes = ServiceSizes.of(hospital).processes
    return (PROGRESS + 10) * max(processes[role] for role in ROLES) + 30


def _digest(contents: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:12]
