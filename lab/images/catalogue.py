"""Every image that the cluster runs: its name, what is in it, and where each part comes from.

Names are upstream's, so a manifest does not know whether the hospital's bundle was built here or copied
from upstream registries by digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.versions import DEBIAN_RELEASE
from lab.images.debian import Packages
from lab.images.oci import Settings
from toolchain.programs import CLOUDNATIVE_PG, COREDNS, ETCD, KUBE_ROUTER, KUBERNETES, PAUSE
from toolchain.storage import BARMAN_PLUGIN, GARAGE

POSTGRES_USER = 26  # CloudNativePG's default
VALKEY_USER = 999


@dataclass(frozen=True)
class Image:
    """One image of the bundle.

    tag: a fixed text, or what comes after the Debian version without its revision
    programs: path inside the image -> artefact of the toolchain
    links: path inside the image -> what it points to
    upstream_tag: for a hospital's bundle, where upstream's tag is another
    """

    repository: str
    version: str
    tag: str
    settings: Settings
    programs: Mapping[str, str] = field(default_factory=dict)
    debian: Packages | None = None
    users: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    upstream_tag: str = ""


def _kubernetes(program: str) -> Image:
    return Image(
        repository=f"registry.k8s.io/{program}",
        version=KUBERNETES,
        tag=f"v{KUBERNETES}",
        settings=Settings(entrypoint=(f"/usr/local/bin/{program}",), environment={"PATH": "/usr/local/bin"}),
        programs={f"/usr/local/bin/{program}": program},
    )


_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
# A shell and the few tools that probes and archive commands use.
_SHELL = ("base-files", "coreutils", "dash", "libc-bin")

# These two write into the machine's own packet filter: their tools are of the machine's release, because an
# older nft crashes on rules that a newer one wrote.
PROXY = Image(
    repository="registry.k8s.io/kube-proxy",
    version=KUBERNETES,
    tag=f"v{KUBERNETES}",
    # kube-proxy writes its rules through the program nft.
    settings=Settings(entrypoint=("/usr/local/bin/kube-proxy",), environment={"PATH": _SYSTEM_PATH}),
    programs={"/usr/local/bin/kube-proxy": "kube-proxy"},
    debian=Packages(
        names=("base-files", "nftables", "netbase"), version_of="nftables", release=DEBIAN_RELEASE
    ),
)

POLICY = Image(
    repository="docker.io/cloudnativelabs/kube-router",
    version=KUBE_ROUTER,
    tag=f"v{KUBE_ROUTER}",
    settings=Settings(entrypoint=("/usr/local/bin/kube-router",), environment={"PATH": _SYSTEM_PATH}),
    programs={"/usr/local/bin/kube-router": "kube-router"},
    debian=Packages(
        names=("base-files", "iptables", "ipset", "netbase"), version_of="iptables", release=DEBIAN_RELEASE
    ),
    # Debian chooses between the two kernel interfaces when it configures the package; we never configure.
    links={
        f"/usr/sbin/{family}{verb}": "xtables-nft-multi"
        for family in ("iptables", "ip6tables")
        for verb in ("", "-save", "-restore")
    },
)

POSTGRESQL = Image(
    repository="ghcr.io/cloudnative-pg/postgresql",
    version="",
    tag="{debian}-trixie",
    upstream_tag="17-standard-trixie",
    settings=Settings(
        user=str(POSTGRES_USER),
        environment={"PATH": f"/usr/lib/postgresql/17/bin:{_SYSTEM_PATH}", "LANG": "C.UTF-8"},
    ),
    debian=Packages(
        names=(*_SHELL, "postgresql-17", "ca-certificates"),
        version_of="postgresql-17",
        unwanted=(
            "usr/lib/postgresql/17/lib/bitcode/",
            "usr/lib/postgresql/17/lib/llvmjit.so",
            "usr/lib/postgresql/17/lib/llvmjit_types.bc",
            "usr/lib/llvm-19/",
            "usr/lib/x86_64-linux-gnu/libLLVM.so.19.1",
            "usr/lib/aarch64-linux-gnu/libLLVM.so.19.1",
            "usr/lib/x86_64-linux-gnu/perl/",
            "usr/lib/aarch64-linux-gnu/perl/",
            "usr/lib/x86_64-linux-gnu/perl-base/",
            "usr/lib/aarch64-linux-gnu/perl-base/",
            "usr/share/perl/",
            "usr/share/perl5/",
            "usr/share/i18n/",
            "usr/lib/systemd/",
        ),
    ),
    users={"postgres": POSTGRES_USER},
    # A link of tzdata's leads there; without it pg_timezone_names is an error.
    links={"/etc/localtime": "../usr/share/zoneinfo/Etc/UTC"},
)

VALKEY = Image(
    repository="docker.io/valkey/valkey",
    version="",
    tag="{debian}",
    upstream_tag="8.1",
    settings=Settings(user=str(VALKEY_USER), environment={"PATH": _SYSTEM_PATH, "LANG": "C.UTF-8"}),
    debian=Packages(
        names=(*_SHELL, "valkey-server", "valkey-sentinel", "valkey-tools"),
        version_of="valkey-server",
        unwanted=("usr/share/perl5/", "usr/lib/systemd/"),
    ),
    users={"valkey": VALKEY_USER},
)

_UNSEEN = ("usr/share/perl5/", "usr/lib/systemd/", "usr/share/i18n/")

OBJECT_STORE = Image(
    repository="docker.io/dxflrs/garage",
    version=GARAGE,
    tag=f"v{GARAGE}",
    settings=Settings(environment={"PATH": "/"}),
    programs={"/garage": "garage"},
    debian=Packages(names=("base-files", "libc6", "libgcc-s1"), version_of="libc6", unwanted=_UNSEEN),
)

# In front of the object store, which speaks no TLS.
STORE_DOOR = Image(
    repository="docker.io/library/haproxy",
    version="",
    tag="3.0",
    settings=Settings(user="99", environment={"PATH": _SYSTEM_PATH}),
    debian=Packages(names=("base-files", "haproxy"), version_of="haproxy", unwanted=_UNSEEN),
    users={"haproxy": 99},
)

BARMAN = Image(
    repository="ghcr.io/cloudnative-pg/plugin-barman-cloud",
    version=BARMAN_PLUGIN,
    tag=f"v{BARMAN_PLUGIN}",
    settings=Settings(entrypoint=("/manager",), user="65532:65532"),
    programs={"/manager": "barman-plugin"},
)

# Runs beside every instance of the database: its commands are Debian's, upstream's come from PyPI.
BARMAN_SIDECAR = Image(
    repository="ghcr.io/cloudnative-pg/plugin-barman-cloud-sidecar",
    version=BARMAN_PLUGIN,
    tag=f"v{BARMAN_PLUGIN}",
    settings=Settings(
        entrypoint=("/manager",),
        user=str(POSTGRES_USER),
        environment={"PATH": _SYSTEM_PATH, "LANG": "C.UTF-8"},
    ),
    programs={"/manager": "barman-plugin"},
    debian=Packages(
        names=("base-files", "barman-cli-cloud", "ca-certificates", "dash", "python3-lz4"),
        version_of="barman-cli-cloud",
        unwanted=_UNSEEN,
        python=True,
    ),
    users={"postgres": POSTGRES_USER},
    # The bundle of all authorities is made by a package's configuration. Barman is told whom to believe, but
    # the library it uses does not even start without some such file.
    links={"/etc/ssl/certs/ca-certificates.crt": "/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt"},
)

# What runs on a machine itself travels as an image too: one archive, one signature, one way in. Nothing
# starts it; its files are copied out of a mount of it.
NODE = Image(
    repository="prontuario.internal/node",
    version=KUBERNETES,
    tag=f"v{KUBERNETES}",
    settings=Settings(),
    programs={
        f"/usr/local/bin/{program}": program
        for program in ("etcdctl", "kubeadm", "kubectl", "kubectl-cnpg", "kubelet")
    },
)

SERVICES_USER = 10001

# The hospital's own services. It changes with every release, so it travels in an archive of its own
# (lab/images/services.py). Python is the machines' Debian's: a release is compiled for it (app/release.py).
SERVICES = Image(
    repository="prontuario.internal/services",
    version="",
    tag="",
    settings=Settings(
        # Nothing of the image's own Python packages is seen, and nothing is written.
        entrypoint=("/usr/bin/python3", "-I", "-S", "-B", "/opt/prontuario"),
        user=str(SERVICES_USER),
        environment={"PATH": _SYSTEM_PATH, "LANG": "C.UTF-8"},
    ),
    debian=Packages(
        # No shell: nothing in the container ever needs one. libstdc++ is what wheels expect of a system.
        names=("base-files", "python3", "libstdc++6", "tzdata"),
        version_of="python3.11",
        release=DEBIAN_RELEASE,
        unwanted=(*_UNSEEN, "usr/lib/python3/dist-packages/"),
        python=True,
    ),
    users={"prontuario": SERVICES_USER},
)

IMAGES = (
    NODE,
    Image(
        repository="registry.k8s.io/pause",
        version=PAUSE,
        tag=PAUSE,
        settings=Settings(entrypoint=("/pause",), user="65535:65535"),
        programs={"/pause": "pause"},
    ),
    Image(
        repository="registry.k8s.io/etcd",
        version=ETCD,
        tag=f"{ETCD}-0",
        settings=Settings(environment={"PATH": "/usr/local/bin"}),
        programs={"/usr/local/bin/etcd": "etcd", "/usr/local/bin/etcdctl": "etcdctl"},
    ),
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    PROXY,
    POLICY,
    Image(
        repository="registry.k8s.io/coredns/coredns",
        version=COREDNS,
        tag=f"v{COREDNS}",
        settings=Settings(entrypoint=("/coredns",), user="65532:65532"),
        programs={"/coredns": "coredns"},
    ),
    Image(
        repository="ghcr.io/cloudnative-pg/cloudnative-pg",
        version=CLOUDNATIVE_PG,
        tag=CLOUDNATIVE_PG,
        settings=Settings(entrypoint=("/manager",), user="65532:65532"),
        programs={"/operator/manager_{architecture}": "cnpg-manager"},
        links={"/manager": "operator/manager_{architecture}"},
    ),
    POSTGRESQL,
    VALKEY,
    OBJECT_STORE,
    STORE_DOOR,
    BARMAN,
    BARMAN_SIDECAR,
)
