"""Backups of the records: every night whole, in between every change, in the hospital's own object store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_tls as tls
import yaml

from components.authority import DAY, LEAF_DAYS, LEAF_RENEWAL_DAYS
from components.backup_manifests import (
    CERTIFICATE_NAME,
    CLIENT_SECRET,
    SERVER_SECRET,
    Bucket,
    backup_plugin,
    render_certificate,
    render_credentials,
    render_doors,
    render_object_store,
    render_plugin,
    render_schedule,
)
from components.manifests import KubernetesObject, Manifest, create, object_name
from components.object_store import ObjectStore
from components.volumes import Cluster
from infra.config.model import Hospital
from toolchain import engine
from toolchain.storage import BARMAN_MANIFEST, BARMAN_PLUGIN


@dataclass(frozen=True)
class BackupArgs:
    """``operator``: what to depend on for an operator that answers. ``release``: :func:`plugin_release`."""

    hospital: Hospital
    cluster: Cluster
    operator: Sequence[pulumi.Resource]
    store: ObjectStore
    release: Sequence[Manifest]


class Backup(pulumi.ComponentResource):
    """The plugin, where it puts things, and when.

    plugins: what the database's manifest lists (spec.plugins) so that its log is archived
    ready: what to depend on before there is a database that lists them
    """

    plugins: Sequence[Mapping[str, Any]]
    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("medical:data:Backup", name, None, opts)
        self._name, self._args = name, args
        hospital, store = args.hospital, args.store
        self.plugins = (backup_plugin(),)
        certificates = self._create(
            [
                render_certificate(secret, *self._certificate(secret, use))
                for secret, use in ((SERVER_SECRET, "server_auth"), (CLIENT_SECRET, "client_auth"))
            ],
            args.operator,
        )
        release = render_plugin(args.release, hospital)
        last = [one for one in release if one["kind"] == "Deployment"]
        first = [one for one in release if one not in last]
        described = [*self._definitions(first), *self._create(render_doors(hospital), args.operator)]
        plugin = self._create(last, [*described, *certificates])
        credentials = self._create(
            render_credentials(store.access_key, store.secret_key, store.region, store.certificate_authority),
            args.cluster.ready,
        )
        bucket = Bucket(store.endpoint, store.region, store.bucket)
        destination = self._create(
            [render_object_store(bucket, hospital.backup.retention_days)],
            [*plugin, *credentials],
        )
        # The log waits on the database's own disk until there is a store.
        self._create([render_schedule()], [*destination, *store.ready])
        self.ready = destination
        self.register_outputs({"version": BARMAN_PLUGIN})

    def _certificate(self, name: str, use: str) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """A certificate that vouches for itself: operator and plugin know each other's by heart."""
        child = pulumi.ResourceOptions(parent=self)
        key = tls.PrivateKey(
            f"{self._name}-{name}-key",
            algorithm="ECDSA",
            ecdsa_curve="P256",
            opts=pulumi.ResourceOptions(
                parent=self,
                additional_secret_outputs=[
                    "private_key_pem",
                    "private_key_pem_pkcs8",
                    "private_key_openssh",
                ],
            ),
        )
        certificate = tls.SelfSignedCert(
            f"{self._name}-{name}",
            private_key_pem=key.private_key_pem,
            subject=tls.SelfSignedCertSubjectArgs(common_name=name),
            dns_names=[CERTIFICATE_NAME],
            allowed_uses=["digital_signature", use],
            validity_period_hours=LEAF_DAYS * DAY,
            early_renewal_hours=LEAF_RENEWAL_DAYS * DAY,
            opts=child,
        )
        return certificate.cert_pem, pulumi.Output.secret(key.private_key_pem)

    def _definitions(self, what: Sequence[dict[str, Any]]) -> list[pulumi.Resource]:
        """Without the deployment; the definition is kept: with it would go where the backups are."""
        return [
            KubernetesObject(
                object_name(self._name, one),
                one,
                pulumi.ResourceOptions(
                    parent=self,
                    provider=self._args.cluster.provider,
                    depends_on=list(self._args.operator),
                    protect=(keep := self._args.hospital.keep_data and _is_definition(one)),
                    retain_on_delete=keep,
                ),
            )
            for one in what
        ]

    def _create(self, what: Sequence[Manifest], after: Sequence[pulumi.Resource]) -> list[KubernetesObject]:
        opts = pulumi.ResourceOptions(
            parent=self, provider=self._args.cluster.provider, depends_on=list(after)
        )
        return create(self._name, what, opts)


def _is_definition(manifest: Manifest) -> bool:
    return str(manifest["kind"]) == "CustomResourceDefinition"


def plugin_release() -> list[dict[str, Any]]:
    """Upstream's manifests from the toolchain's store, where no network is needed.

    A preview without them shows no plugin, and says so; in an update that is pulumi.RunError.
    """
    found = engine.locate(BARMAN_MANIFEST)
    if found is None:
        problem = (
            f"the backup plugin's release {BARMAN_PLUGIN} is not here yet: "
            f"build with: python -m toolchain build --only {BARMAN_MANIFEST.name}"
        )
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(problem)
        pulumi.log.warn(f"{problem} (a preview works without, and leaves the plugin out)")
        return []
    text = (found[1] / BARMAN_MANIFEST.binary).read_text()
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]
