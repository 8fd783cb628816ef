"""The medical records: PostgreSQL by CloudNativePG, one instance per Mac."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_random as random

from components.authority import CertificateAuthority
from components.database_endpoints import CLUSTER, NAMESPACE, PORT
from components.machine import Machine
from components.manifests import KubernetesObject, Manifest, create, object_name
from components.record_access import (
    USERS,
    certificate_addresses,
    certificate_names,
    render_policies,
    render_services,
    secret_name,
)
from components.records import AUTHORITY_SECRET, SERVER_SECRET, Records, render_cluster, render_queries
from components.remote_script import call
from components.volumes import Cluster, LocalVolumes, LocalVolumesArgs
from infra.config.model import Hospital
from lab.images.catalogue import POSTGRES_USER

_PATIENCE = 600
"""Seconds a new database may take to replicate; 47 were seen in the lab."""
_FAREWELL = 120
"""Seconds its pods may take to go."""


@dataclass(frozen=True)
class PostgresClusterArgs:
    """The records of ``hospital`` on the Macs among ``machines``.

    image: the bundle's PostgreSQL, by name
    authority: the hospital's own, whom its clients already trust
    after: what to depend on, for instance an operator that answers
    plugins: CloudNativePG's plugins, as its manifest lists them, for instance the one for backups
    """

    hospital: Hospital
    cluster: Cluster
    machines: Sequence[Machine]
    authority: CertificateAuthority
    image: str
    after: Sequence[pulumi.Resource]
    plugins: Sequence[Mapping[str, Any]] = ()


class PostgresCluster(pulumi.ComponentResource):
    """One PostgreSQL per Mac, each commit on both while both live; TLS and a password, always.

    endpoint: host:port of whichever instance is primary, by the floating address (str)
    users: name -> password (secret): medical_user owns the tables, medical_app reads and writes their rows,
        medical_read reads them, monitoring reads none
    ready: the resources to depend on; the last is done when the standby streams
    """

    endpoint: str
    users: dict[str, pulumi.Output[str]]
    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: PostgresClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("medical:data:PostgresCluster", name, None, opts)
        hospital = args.hospital
        self._name = name
        self._args = args
        self.endpoint = f"{hospital.domain}:{PORT}"
        self.users = {user: self._password(user) for user in USERS}
        macs = [machine for machine in args.machines if machine.node.is_mac]
        volumes = LocalVolumes(
            f"{name}-volumes",
            LocalVolumesArgs(
                use=CLUSTER,
                size=hospital.database.size,
                owner=f"{POSTGRES_USER}:{POSTGRES_USER}",
                machines=macs,
                cluster=args.cluster,
                keep=hospital.keep_data,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        around = create(
            name,
            [render_queries(), *self._secrets(), *render_services(hospital), *render_policies(hospital)],
            self._inside_after(*args.cluster.ready),
        )
        before = [*around, *volumes.ready, *args.after]
        if not hospital.keep_data:
            before.append(self._farewell(macs[0], before))
        manifest = render_cluster(Records(hospital, args.image, volumes.storage_class, args.plugins))
        records = self._records(manifest, before)
        self.ready = [*volumes.ready, *around, records, self._streams(macs, manifest, records)]
        self.register_outputs({"endpoint": self.endpoint})

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))

    def _inside_after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        inside = pulumi.ResourceOptions(provider=self._args.cluster.provider)
        return pulumi.ResourceOptions.merge(self._after(*resources), inside)

    def _password(self, user: str) -> pulumi.Output[str]:
        password = random.RandomPassword(
            f"{self._name}-{user.replace('_', '-')}",
            length=40,
            special=False,  # it travels in connection strings
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["result", "bcrypt_hash"]),
        )
        return pulumi.Output.secret(password.result)

    def _secrets(self) -> list[dict[str, Any]]:
        server = self._args.authority.server_certificate(
            self._name,
            dns_names=certificate_names(self._args.hospital),
            ip_addresses=certificate_addresses(self._args.hospital),
        )
        users = [
            _secret(secret_name(user), "kubernetes.io/basic-auth", {"username": user, "password": password})
            for user, password in self.users.items()
        ]
        return [
            *users,
            _secret(
                SERVER_SECRET, "kubernetes.io/tls", {"tls.crt": server.certificate, "tls.key": server.key}
            ),
            _secret(AUTHORITY_SECRET, "Opaque", {"ca.crt": self._args.authority.certificate}),
        ]

    def _records(self, manifest: Manifest, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        keep = self._args.hospital.keep_data
        return KubernetesObject(
            object_name(self._name, manifest),
            manifest,
            pulumi.ResourceOptions.merge(
                self._inside_after(*after), pulumi.ResourceOptions(protect=keep, retain_on_delete=keep)
            ),
        )

    def _streams(
        self, macs: Sequence[Machine], manifest: Manifest, records: pulumi.Resource
    ) -> pulumi.Resource:
        return macs[0].host.script(
            f"{macs[0].name}-{self._name}-streams",
            library="records.sh",
            apply=(
                f"# asked again for every manifest: {_digest(manifest)}\n"
                + call("await_records", NAMESPACE, CLUSTER, str(len(macs) - 1), str(_PATIENCE))
            ),
            timeout=_PATIENCE + 60,
            opts=self._after(records),
        )

    def _farewell(self, machine: Machine, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Destroyed after the database and before its folders, it waits for the last of its pods."""
        return machine.host.script(
            f"{machine.name}-{self._name}-farewell",
            library="records.sh",
            apply="",
            remove=call("await_gone", NAMESPACE, CLUSTER, str(_FAREWELL)),
            timeout=_FAREWELL + 30,
            opts=self._after(*after),
        )


def _secret(name: str, kind: str, values: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
    """A secret that the running database reads again when it changes."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"cnpg.io/reload": ""}},
        "type": kind,
        "data": {key: pulumi.Output.secret(value).apply(_base64) for key, value in values.items()},
    }


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]
