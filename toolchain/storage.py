"""The programs that backups need: the object store, and what carries records into it."""

from __future__ import annotations

from toolchain.cargo import Crate
from toolchain.catalogue import Artefact, Cost, ModuleFile

BARMAN_PLUGIN = "0.14.0"
GARAGE = "2.5.0"

_PLUGIN = "github.com/cloudnative-pg/plugin-barman-cloud"

BARMAN_MANIFEST = Artefact(
    name="barman-manifest",
    package="",
    version=BARMAN_PLUGIN,
    binary="manifest.yaml",
    module="cluster/backup",
    target="",
    version_variable="",
    cost=Cost(cpu_seconds=1, download_mb=25, disk_mb=100, binary_mb=1),
    sources=("go.mod", "go.sum"),
    beside=(ModuleFile(_PLUGIN, "manifest.yaml"),),
)
"""What the plugin's release installs; no program, but it travels like one."""

STORAGE = (
    BARMAN_MANIFEST,
    Artefact(
        name="barman-plugin",
        package="",
        version=BARMAN_PLUGIN,
        binary="manager",
        module="cluster/backup",
        target=f"{_PLUGIN}/cmd/manager",
        version_variable="",
        cost=Cost(cpu_seconds=160, download_mb=60, disk_mb=800, binary_mb=56),
    ),
    Crate(
        name="garage",
        package="",
        version=GARAGE,
        binary="garage",
        module="storage",
        target="garage",
        version_variable="",
        cost=Cost(cpu_seconds=430, download_mb=60, disk_mb=900, binary_mb=33),
        sources=(),
        checksum="e1752af176a3cd84e9afd6edf30df594db92b7730cc67bddcd74769841b3f3f5",
        features=("bundled-libs", "lmdb"),
    ),
)
