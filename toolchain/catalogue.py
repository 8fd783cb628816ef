"""Every artefact we know how to build: what it is, where its Go sources are, what it costs.

A version appears here once. The PyPI packages pinned in requirements.txt must agree, because the
engine asks for a plugin of exactly the version of the Python package that uses it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import ToolchainError

SOURCES = Path(__file__).resolve().parent
REQUIREMENTS = SOURCES.parent / "requirements.txt"

PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"


@dataclass(frozen=True)
class Cost:
    """Measured on two cores with empty Go caches, after the artefacts listed before it."""

    cpu_seconds: int
    download_mb: int
    disk_mb: int  # Go's module and build caches, and the binary
    binary_mb: int


@dataclass(frozen=True)
class ModuleFile:
    """A file taken as it is from a Go module, to stand beside the binary."""

    module: str
    path: str


@dataclass(frozen=True)
class Artefact:
    """One program the engine needs, or the cluster.

    package: the PyPI package whose pin decides the version; empty for the cluster's programs
    module: folder under toolchain/ holding go.mod; `sources` are the parts of it this artefact reads
    target: what `go build` is asked for; empty for a file that is taken as it is, named in `beside`
    prepare: `go run` arguments executed first, for files the target embeds
    settings: further variables the linker sets, each `package.variable=value`
    """

    name: str
    package: str
    version: str
    binary: str
    module: str
    target: str
    version_variable: str
    cost: Cost
    sources: tuple[str, ...] = (".",)
    prepare: tuple[tuple[str, ...], ...] = ()
    beside: tuple[ModuleFile, ...] = ()
    settings: tuple[str, ...] = ()

    @property
    def is_plugin(self) -> bool:
        """Whether the engine looks for it under PULUMI_HOME/plugins rather than on PATH."""
        return self.binary.startswith("pulumi-resource-")

    @property
    def home_path(self) -> Path:
        """Where the binary stands in PULUMI_HOME."""
        if self.is_plugin:
            return Path("plugins") / f"resource-{self.name}-v{self.version}" / self.binary
        return Path("bin") / self.binary

    @property
    def flags(self) -> tuple[str, ...]:
        """Arguments of `go build` that change what comes out."""
        own = (f"{self.version_variable}={self.linked_version}",) if self.version_variable else ()
        settings = "".join(f" -X {setting}" for setting in (*own, *self.settings))
        return ("-trimpath", "-ldflags", f"-s -w{settings}")

    @property
    def linked_version(self) -> str:
        """The version as the program wants it: the engine's own carry a v, plugins do not."""
        return self.version if self.is_plugin else f"v{self.version}"


def _bridged(name: str, version: str, cost: Cost) -> Artefact:
    binary = f"pulumi-resource-{name}"
    return Artefact(
        name=name,
        package=f"pulumi-{name}",
        version=version,
        binary=binary,
        module="plugins",
        target=f"./cmd/{binary}",
        version_variable="main.version",
        cost=cost,
        sources=("go.mod", "go.sum", f"cmd/{binary}", "cmd/generate-schema", "bridged", "shims"),
        prepare=(("./cmd/generate-schema", name, version, f"cmd/{binary}/schema.json"),),
    )


ENGINE = Artefact(
    name="pulumi",
    package="pulumi",
    version="3.259.0",
    binary="pulumi",
    module="engine-cli",
    target="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version_variable=f"{PULUMI_SDK}/go/common/version.Version",
    cost=Cost(cpu_seconds=310, download_mb=267, disk_mb=2400, binary_mb=115),
)

LANGUAGE_HOST = Artefact(
    name="language-python",
    package="pulumi",
    version=ENGINE.version,
    binary="pulumi-language-python",
    module="plugins",
    target="./cmd/pulumi-language-python",
    version_variable=f"{PULUMI_SDK}/go/common/version.Version",
    cost=Cost(cpu_seconds=25, download_mb=42, disk_mb=450, binary_mb=22),
    sources=("go.mod", "go.sum", "cmd/pulumi-language-python"),
    beside=(ModuleFile(PULUMI_SDK, "python/cmd/pulumi-language-python-exec"),),
)

COMMAND = Artefact(
    name="command",
    package="pulumi-command",
    version="1.2.1",
    binary="pulumi-resource-command",
    module="plugins",
    target="./cmd/pulumi-resource-command",
    version_variable="main.version",
    cost=Cost(cpu_seconds=10, download_mb=14, disk_mb=200, binary_mb=36),
    sources=("go.mod", "go.sum", "cmd/pulumi-resource-command", "command"),
)

RANDOM = _bridged("random", "4.21.4", Cost(cpu_seconds=80, download_mb=84, disk_mb=1600, binary_mb=72))
TLS = _bridged("tls", "5.6.2", Cost(cpu_seconds=5, download_mb=1, disk_mb=80, binary_mb=72))

KUBERNETES = Artefact(
    name="kubernetes",
    package="pulumi-kubernetes",
    version="4.25.0",
    binary="pulumi-resource-kubernetes",
    module="kubernetes",
    target="./cmd/pulumi-resource-kubernetes",
    version_variable="main.version",
    cost=Cost(cpu_seconds=240, download_mb=135, disk_mb=1800, binary_mb=92),
    prepare=(("./cmd/prepare", "4.25.0"),),
)

# Order matters twice: artefacts of one module are built one after the other in this order, and the
# modules start in this order, longest first.
ARTEFACTS = (ENGINE, LANGUAGE_HOST, COMMAND, RANDOM, TLS, KUBERNETES)
BY_NAME = {artefact.name: artefact for artefact in ARTEFACTS}


def named(names: list[str], among: Sequence[Artefact] = ARTEFACTS) -> list[Artefact]:
    """The artefacts called so, in building order."""
    known = [artefact.name for artefact in among]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ToolchainError(f"no artefact is called {', '.join(unknown)}: choose among {', '.join(known)}")
    return [artefact for artefact in among if artefact.name in names]


def pins(requirements: Path = REQUIREMENTS) -> dict[str, str]:
    """Exact pins of a requirements file: package -> version."""
    try:
        text = requirements.read_text()
    except OSError as error:
        raise ToolchainError(
            f"cannot read {requirements} ({error.strerror}): it says which plugins are needed"
        ) from error
    return dict(re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", text, re.MULTILINE))


def required(requirements: Path = REQUIREMENTS) -> list[Artefact]:
    """What the project's own Python packages need, each at the pinned version."""
    pinned = pins(requirements)
    needed = [artefact for artefact in ARTEFACTS if artefact.package in pinned]
    for artefact in needed:
        if pinned[artefact.package] != artefact.version:
            raise ToolchainError(
                f"{requirements.name} pins {artefact.package} {pinned[artefact.package]} but "
                f"toolchain/catalogue.py builds {artefact.version}: change both together"
            )
    return needed
