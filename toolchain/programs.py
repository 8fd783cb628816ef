"""The programs that the cluster's machines and images are made of, built for this computer's processor.

For production upstream's own images are copied by digest instead; these serve the lab and any builder
without internet.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolchain import engine
from toolchain.catalogue import Artefact, Cost, ModuleFile
from toolchain.errors import ToolchainError
from toolchain.storage import STORAGE

KUBERNETES = "1.36.3"
ETCD = "3.6.16"
COREDNS = "1.14.7"
CLOUDNATIVE_PG = "1.30.0"
KUBE_ROUTER = "2.6.3"
PAUSE = "3.10.2"

_MAJOR, _MINOR, _ = KUBERNETES.split(".")
# Without these every program calls itself v0.0.0 and kubeadm refuses to work with it.
_KUBERNETES_SETTINGS = tuple(
    f"{package}.{setting}"
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    for setting in (
        f"gitVersion=v{KUBERNETES}",
        f"gitMajor={_MAJOR}",
        f"gitMinor={_MINOR}",
        "gitTreeState=clean",
    )
)


def _kubernetes(program: str, cost: Cost) -> Artefact:
    return Artefact(
        name=program,
        package="",
        version=KUBERNETES,
        binary=program,
        module="cluster/kubernetes",
        target=f"k8s.io/kubernetes/cmd/{program}",
        version_variable="",
        cost=cost,
        settings=_KUBERNETES_SETTINGS,
    )


def _etcd(program: str, module: str, cost: Cost) -> Artefact:
    return Artefact(
        name=program,
        package="",
        version=ETCD,
        binary=program,
        module="cluster/etcd",
        target=f"go.etcd.io/etcd/{module}/v3",
        version_variable="",
        cost=cost,
    )


def _controller(
    name: str,
    version: str,
    target: str,
    cost: Cost,
    *,
    binary: str = "",
    sources: tuple[str, ...] = (),
    settings: tuple[str, ...] = (),
) -> Artefact:
    return Artefact(
        name=name,
        package="",
        version=version,
        binary=binary or name,
        module="cluster/controllers",
        target=target,
        version_variable="",
        cost=cost,
        sources=("go.mod", "go.sum", *sources),
        settings=settings,
    )


_CNPG = "github.com/cloudnative-pg/cloudnative-pg"
_CNPG_SETTINGS = (f"{_CNPG}/pkg/versions.buildVersion={CLOUDNATIVE_PG}",)

CNPG_MANIFEST = Artefact(
    name="cnpg-manifest",
    package="",
    version=CLOUDNATIVE_PG,
    binary=f"cnpg-{CLOUDNATIVE_PG}.yaml",
    module="cluster/controllers",
    target="",
    version_variable="",
    cost=Cost(cpu_seconds=1, download_mb=25, disk_mb=100, binary_mb=2),
    sources=("go.mod", "go.sum"),
    beside=(ModuleFile(_CNPG, f"releases/cnpg-{CLOUDNATIVE_PG}.yaml"),),
)
"""What the operator's release installs; no program, but it travels like one."""

# CPU seconds of one build after the other with an empty build cache, on two cores shared with others.
CLUSTER = (
    _kubernetes("kube-apiserver", Cost(cpu_seconds=315, download_mb=120, disk_mb=1700, binary_mb=106)),
    _kubernetes("kubelet", Cost(cpu_seconds=70, download_mb=5, disk_mb=400, binary_mb=85)),
    _kubernetes("kube-controller-manager", Cost(cpu_seconds=44, download_mb=5, disk_mb=300, binary_mb=96)),
    _kubernetes("kubeadm", Cost(cpu_seconds=25, download_mb=1, disk_mb=200, binary_mb=74)),
    _kubernetes("kube-scheduler", Cost(cpu_seconds=6, download_mb=1, disk_mb=100, binary_mb=73)),
    _kubernetes("kubectl", Cost(cpu_seconds=28, download_mb=1, disk_mb=200, binary_mb=60)),
    _kubernetes("kube-proxy", Cost(cpu_seconds=10, download_mb=1, disk_mb=100, binary_mb=72)),
    _etcd("etcd", "server", Cost(cpu_seconds=43, download_mb=20, disk_mb=300, binary_mb=28)),
    _etcd("etcdctl", "etcdctl", Cost(cpu_seconds=2, download_mb=1, disk_mb=20, binary_mb=18)),
    _controller(
        "cnpg-manager",
        CLOUDNATIVE_PG,
        f"{_CNPG}/cmd/manager",
        Cost(cpu_seconds=142, download_mb=60, disk_mb=800, binary_mb=64),
        binary="manager",
        settings=_CNPG_SETTINGS,
    ),
    CNPG_MANIFEST,
    _controller(
        "kubectl-cnpg",
        CLOUDNATIVE_PG,
        f"{_CNPG}/cmd/kubectl-cnpg",
        Cost(cpu_seconds=12, download_mb=1, disk_mb=150, binary_mb=102),
        settings=_CNPG_SETTINGS,
    ),
    _controller(
        "coredns",
        COREDNS,
        "./coredns",
        Cost(cpu_seconds=14, download_mb=10, disk_mb=100, binary_mb=53),
        sources=("coredns",),
    ),
    _controller(
        "kube-router",
        KUBE_ROUTER,
        "./kube-router",
        Cost(cpu_seconds=6, download_mb=5, disk_mb=60, binary_mb=30),
        sources=("kube-router",),
        settings=(f"github.com/cloudnativelabs/kube-router/v2/pkg/version.Version=v{KUBE_ROUTER}",),
    ),
    _controller(
        "pause",
        PAUSE,
        "./pause",
        Cost(cpu_seconds=7, download_mb=0, disk_mb=50, binary_mb=2),
        sources=("pause",),
        settings=(f"main.version={PAUSE}",),
    ),
    *STORAGE,
)


def binaries(programs: Sequence[Artefact] = CLUSTER) -> dict[str, Path]:
    """Every built program by name; ToolchainError names what is missing."""
    found = {program.name: engine.locate(program) for program in programs}
    missing = [name for name, where in found.items() if where is None]
    if missing:
        raise ToolchainError(
            f"not here yet: {', '.join(missing)}; build with: python -m toolchain build --cluster"
        )
    return {program.name: where[1] / program.binary for program in programs if (where := found[program.name])}
