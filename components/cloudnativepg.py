"""The operator that runs PostgreSQL in the cluster: CloudNativePG, from upstream's own release."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import yaml

from components.clocks import clocks_for
from components.manifests import KubernetesObject, Manifest, object_name
from components.operator_release import render_operator, unsupported
from components.volumes import Cluster
from infra.config.model import Hospital
from toolchain import engine
from toolchain.errors import ToolchainError
from toolchain.programs import CLOUDNATIVE_PG, CNPG_MANIFEST, KUBERNETES

_BEFORE_ALL = ("Namespace",)
_AFTER_ALL = ("Deployment", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


@dataclass(frozen=True)
class CloudNativePGArgs:
    """``release``: upstream's manifests, see :func:`operator_release`.

    kubernetes, postgresql: versions that the operator has to get along with
    """

    hospital: Hospital
    cluster: Cluster
    release: Sequence[Manifest]
    postgresql: str
    operator: str = CLOUDNATIVE_PG
    kubernetes: str = KUBERNETES


class CloudNativePG(pulumi.ComponentResource):
    """Two operators, one leading, on different Macs, and the kinds of objects they look after.

    The definitions are protected in a hospital with patients: deleting one deletes every database with it.
    Raises pulumi.RunError before anything is registered when the versions do not go together.

    ready: the resources to depend on before asking for a database
    """

    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: CloudNativePGArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        problem = unsupported(args.operator, args.kubernetes, args.postgresql)
        if problem:
            raise pulumi.RunError(problem)
        super().__init__("medical:data:CloudNativePG", name, None, opts)
        manifests = render_operator(args.release, args.hospital, clocks_for(args.hospital))
        first = [one for one in manifests if one["kind"] in _BEFORE_ALL]
        last = [one for one in manifests if one["kind"] in _AFTER_ALL]
        middle = [one for one in manifests if one not in first and one not in last]
        namespace = self._objects(name, args, first, args.cluster.ready)
        described = self._objects(name, args, middle, namespace or args.cluster.ready)
        self.ready = [*namespace, *described, *self._objects(name, args, last, described)]
        self.register_outputs({"version": args.operator})

    def _objects(
        self,
        name: str,
        args: CloudNativePGArgs,
        manifests: Sequence[dict[str, Any]],
        after: Sequence[pulumi.Resource],
    ) -> list[pulumi.Resource]:
        return [
            KubernetesObject(
                object_name(name, manifest),
                manifest,
                pulumi.ResourceOptions(
                    parent=self,
                    provider=args.cluster.provider,
                    depends_on=list(after),
                    protect=(keep := args.hospital.keep_data and _holds_others(manifest)),
                    retain_on_delete=keep,
                ),
            )
            for manifest in manifests
        ]


def _holds_others(manifest: Manifest) -> bool:
    """Whether its deletion would delete databases: the definitions, not the operator."""
    return str(manifest["kind"]) == "CustomResourceDefinition"


def operator_release() -> list[dict[str, Any]]:
    """Upstream's manifests from the toolchain's store, where no network is needed.

    A preview without them shows no operator, and says so; in an update that is pulumi.RunError.
    """
    found = engine.locate(CNPG_MANIFEST)
    if found is None:
        problem = (
            f"CloudNativePG's release {CLOUDNATIVE_PG} is not here yet: "
            f"build with: python -m toolchain build --only {CNPG_MANIFEST.name}"
        )
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(problem)
        pulumi.log.warn(f"{problem} (a preview works without, and leaves the operator out)")
        return []
    try:
        text = (found[1] / CNPG_MANIFEST.binary).read_text()
    except OSError as error:
        raise ToolchainError(f"cannot read {error.filename} ({error.strerror})") from error
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]
