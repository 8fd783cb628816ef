"""Folders on machines that hold data, as volumes of the cluster: fixed places, never made nor deleted by it.

A volume is bound to its machine; a copy of the data is another machine's business (replication), not the
storage's. No program here removes data: the folder step refuses a folder that is not ours, the volume is
protected and retained, and a smaller size than the present one is refused by the first preview that asks.
Only the virtual hospital (``keep_data: false``) is torn down with what it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

import pulumi

from components.machine import Machine
from components.manifests import KubernetesObject, Manifest, object_name
from components.remote_script import call
from infra.config.units import storage_bytes

FOLDER = PurePosixPath("/var/lib/prontuario-volumes")


class Cluster(Protocol):
    """What a component needs of the cluster into which it puts something."""

    @property
    def provider(self) -> pulumi.ProviderResource:
        """The explicit provider for everything in it."""
        ...

    @property
    def ready(self) -> Sequence[pulumi.Resource]:
        """What to depend on."""
        ...


@dataclass(frozen=True)
class LocalVolumesArgs:
    """One volume of ``size`` for ``use`` on each of ``machines``.

    size: as Kubernetes writes it (4Ti); a promise, which nothing enforces on a folder
    owner: numbers of user and group, ``26:26``
    keep: protect and retain; false removes the data with the resource
    """

    use: str
    size: str
    owner: str
    machines: Sequence[Machine]
    cluster: Cluster
    keep: bool


class LocalVolumes(pulumi.ComponentResource):
    """One use's volumes, one per machine, and the storage class that claims them by name.

    storage_class: what a claim asks for (str)
    ready: the resources to depend on before claiming
    """

    storage_class: str
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: LocalVolumesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("medical:data:LocalVolumes", name, None, opts)
        self.storage_class = args.use
        self._only_growing = only_growing(f"{name}-only-growing")
        storage_class = self._object(name, render_storage_class(args.use), args, args.cluster.ready)
        self.ready = [storage_class]
        for machine in args.machines:
            folder = self._folder(machine, args)
            volume = render_volume(args.use, args.size, machine.name)
            self.ready.append(self._object(name, volume, args, [storage_class, folder]))
        self.register_outputs({"storage_class": self.storage_class})

    def _folder(self, machine: Machine, args: LocalVolumesArgs) -> pulumi.Resource:
        folder = str(FOLDER / args.use)
        return machine.host.script(
            f"{machine.name}-volume-{args.use}",
            library="volume.sh",
            apply=call("make_volume", folder, args.owner, args.use, str(storage_bytes(args.size))),
            remove=None if args.keep else call("drop_volume", folder, args.use),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*machine.ready, *args.cluster.ready],
                protect=args.keep,
                retain_on_delete=args.keep,
            ),
        )

    def _object(
        self, name: str, manifest: Manifest, args: LocalVolumesArgs, after: Sequence[pulumi.Resource]
    ) -> KubernetesObject:
        holds_data = manifest["kind"] == "PersistentVolume"
        return KubernetesObject(
            object_name(name, manifest),
            manifest,
            pulumi.ResourceOptions(
                parent=self,
                provider=args.cluster.provider,
                depends_on=list(after),
                protect=holds_data and args.keep,
                retain_on_delete=holds_data and args.keep,
                hooks=self._only_growing if holds_data else None,
            ),
        )


def render_storage_class(use: str) -> dict[str, Any]:
    """The class of ``use``: its volumes exist beforehand and are claimed where the pod runs."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": use},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Retain",
    }


def render_volume(use: str, size: str, machine: str) -> dict[str, Any]:
    """The volume of ``use`` on ``machine``; a pod that claims it runs there and nowhere else."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [machine]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{use}-{machine}"},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": use,
            "local": {"path": str(FOLDER / use)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def only_growing(name: str) -> pulumi.ResourceHookBinding:
    """Stops a preview or an update whose volume would be smaller than the present one."""

    def check(args: pulumi.ResourceHookArgs) -> None:
        problem = shrinking(args.old_inputs or {}, args.new_inputs or {})
        if problem:
            raise pulumi.RunError(problem)

    hook = pulumi.ResourceHook(name, check, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_update=[hook])


def shrinking(old: Manifest, new: Manifest) -> str | None:
    """Why the volume ``new`` may not follow ``old``; None when it may."""
    present, wanted = (str(one["spec"]["capacity"]["storage"]) for one in (old, new))
    if storage_bytes(wanted) >= storage_bytes(present):
        return None
    return (
        f"{new['metadata']['name']} has {present} and cannot shrink to {wanted}: nothing was changed; "
        f"set the size in the stack file to {present} or more"
    )
