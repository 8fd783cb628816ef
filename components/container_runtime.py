"""What runs containers on a machine: containerd, and the signed bundle of all that it will ever run."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.machine import Machine
from components.remote_script import call
from lab.host import LabError
from lab.images.artefact import ImageBundle, check_signers, find_bundle, plan_bundle
from lab.images.bundle import trust

CONFIGURATION = "/etc/containerd/config.toml"
PAUSE = "registry.k8s.io/pause"
_LIBRARY = "container_runtime.sh"
_IMPORT = 900
"""Seconds for checking, importing and unpacking on a slow disk."""


@dataclass(frozen=True)
class ContainerRuntimeArgs:
    """``bundle`` for ``machine``, believed because one of ``signers`` (ssh-ed25519 public keys) signed it."""

    machine: Machine
    bundle: ImageBundle
    signers: Sequence[str]


class ContainerRuntime(pulumi.ComponentResource):
    """One machine's containerd with the bundle's images, and its programs in /usr/local/bin.

    Nothing is ever pulled. A bundle that is unsigned, altered, signed by a stranger or made for another
    processor, and a disk too small for it, are refused before the machine changes; one that the machine
    holds already is not sent again.

    machine: whose it is
    ready: the resources to depend on before anything runs in a container

    Raises pulumi.RunError when none of the signers signed the bundle.
    """

    machine: Machine
    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: ContainerRuntimeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("medical:cluster:ContainerRuntime", name, None, opts)
        believe(args.bundle, args.signers)
        self.machine = args.machine
        images = self._images(args)
        self.ready = [self._configuration(args, images)]
        self.register_outputs({"machine": args.machine.name, "bundle": args.bundle.digest})

    def _images(self, args: ContainerRuntimeArgs) -> pulumi.Resource:
        bundle = args.bundle
        # In a preview any file stands for an archive that is not there.
        archive = str(bundle.archive) if bundle.digest else __file__
        size = bundle.archive.stat().st_size if bundle.digest else 0
        return args.machine.host.deliver(
            "images",
            archive,
            bundle.archive_digest,
            room=lambda incoming: call("look_at_bundle", incoming, bundle.digest, str(size)),
            arrived=lambda incoming, copy: call("take_bundle", incoming, copy, bundle.digest),
            remove=lambda incoming: call("drop_bundle", incoming),
            library=_LIBRARY,
            stdin=pack({**bundle.papers(), "signers": trust(args.signers)}),
            timeout=_IMPORT,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.machine.ready)),
        )

    def _configuration(self, args: ContainerRuntimeArgs, images: pulumi.Resource) -> pulumi.Resource:
        return args.machine.host.file(
            "containerd",
            CONFIGURATION,
            render_containerd(args.bundle.image(PAUSE)),
            prepare="choose_cgroups",
            check='containerd --config "$1" config dump >/dev/null',
            changed="serve_containers",
            library=_LIBRARY,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[images]),
        )


def bundle_for(architecture: str) -> ImageBundle:
    """The bundle for machines of this ``architecture`` (x86_64 or aarch64).

    A preview works without; one that is not there is pulumi.RunError in an update.
    """
    try:
        return find_bundle(architecture)
    except LabError as error:
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(str(error)) from None
        pulumi.log.warn(f"{error} (a preview works without, an update does not)")
        return plan_bundle(architecture)


def believe(bundle: ImageBundle, signers: Sequence[str]) -> None:
    """Raise pulumi.RunError unless one of ``signers`` signed ``bundle``; one that is not there passes.

    Every machine judges for itself; this only says so before the first one is touched.
    """
    if not bundle.digest:
        return
    if not signers:
        problem = (
            "bundle.signers is missing, so no machine can tell whether the image bundle is the hospital's: "
            "write the public half of the key that signs it, 'ssh-ed25519 AAAA...'"
        )
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(problem)
        pulumi.log.warn(f"{problem} (a preview works without, an update does not)")
        return
    try:
        check_signers(bundle, signers)
    except LabError as error:
        raise pulumi.RunError(str(error)) from None


def pack(papers: Mapping[str, str]) -> str:
    """Small texts by name as one that travels through the door and lies in the state: a third of the size."""
    return base64.b64encode(zlib.compress(json.dumps(papers, sort_keys=True).encode(), 9)).decode()


def render_containerd(pause: str) -> str:
    """containerd's settings; ``pause`` is the full name of the image that holds a pod's namespaces.

    The line with ``@systemd_cgroup@`` is decided on the machine.
    """
    return f"""\
# Written by Pulumi.
version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # A pod is never made safer from the kernel's memory killer than containerd itself.
  restrict_oom_score_adj = true
  # The name server listens on port 53 without being root.
  enable_unprivileged_ports = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = @systemd_cgroup@
"""
