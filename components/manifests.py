"""The one way into the Kubernetes API: plain manifests, as every text about Kubernetes writes them.

A manifest is a dict with ``apiVersion``, ``kind``, ``metadata`` and the rest; pure renderers make them, so
they can be checked by a real API server without an engine. Each becomes one resource of its own kind, with
the awaits, comparisons and replacements of the official provider, which must be explicit: nobody's present
kubeconfig is ever used.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

Manifest = Mapping[str, Any]


class KubernetesObject(pulumi.CustomResource):
    """One object in the cluster. Raises ValueError without an explicit provider."""

    def __init__(
        self, resource_name: str, manifest: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions
    ) -> None:
        if not opts.provider and not opts.parent:
            raise ValueError(f"{resource_name}: name the cluster's provider, or a parent that has it")
        kind, version = str(manifest["kind"]), str(manifest["apiVersion"])
        group = version if "/" in version else f"core/{version}"
        super().__init__(f"kubernetes:{group}:{kind}", resource_name, dict(manifest), opts)


def object_name(prefix: str, manifest: Manifest) -> str:
    """``records-configmap-medical-data-settings``: unique, and tells where to look in the cluster."""
    metadata = manifest["metadata"]
    place = [metadata["namespace"]] if metadata.get("namespace") else []
    return "-".join([prefix, str(manifest["kind"]).lower(), *place, metadata["name"]])


def create(
    prefix: str, manifests: Iterable[Manifest], opts: pulumi.ResourceOptions
) -> list[KubernetesObject]:
    """All of ``manifests``, each after what ``opts`` depends on; order among them does not matter to them."""
    return [KubernetesObject(object_name(prefix, one), one, opts) for one in manifests]
