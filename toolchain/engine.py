"""How to start the engine: environment variables for child processes, and for them alone."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from toolchain import cargo, go, official, store
from toolchain.cargo import Crate
from toolchain.catalogue import ARTEFACTS, ENGINE, Artefact, required
from toolchain.errors import ToolchainError


def compiler(artefact: Artefact) -> ModuleType:
    """Who compiles it: :mod:`toolchain.go` or :mod:`toolchain.cargo`."""
    return cargo if isinstance(artefact, Crate) else go


def locate(artefact: Artefact) -> tuple[str, Path] | None:
    """("official" or "built", folder of the binary); None when there is neither."""
    # The cluster's programs are always ours: nobody installs a kubelet for the sake of a lab.
    installed = official.find(artefact) if artefact.package else None
    if installed is not None:
        return "official", installed
    built = store.find(artefact, compiler(artefact).version())
    return None if built is None else ("built", built)


def _located() -> dict[Artefact, tuple[str, Path]]:
    # Plugins nobody pins yet come along when they are there, so that their tests need no setting.
    return {artefact: found for artefact in ARTEFACTS if (found := locate(artefact)) is not None}


def home() -> Path | None:
    """The PULUMI_HOME of ours that `environment` would name; None when the user's own will do."""
    parts = _located()
    if all(origin == "official" for origin, _ in parts.values()):
        return None
    return store.assemble([(artefact, folder) for artefact, (_, folder) in parts.items()])


def environment() -> dict[str, str]:
    """Variables to add to a child's environment so that it finds the pinned engine and plugins.

    PATH is the caller's with the engine in front. ToolchainError names what is missing.
    """
    parts = _located()
    missing = [artefact.name for artefact in required() if artefact not in parts]
    if missing:
        raise ToolchainError(f"not here yet: {', '.join(missing)}; build with: python -m toolchain build")
    variables = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # A plugin that is missing is an error here, never a download halfway through an update.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # Only exact versions count: a plugin that happens to be on PATH has no version to check.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    }
    if all(origin == "official" for origin, _ in parts.values()):
        binaries = parts[ENGINE][1]
    else:
        ours = store.assemble([(artefact, folder) for artefact, (_, folder) in parts.items()])
        variables["PULUMI_HOME"] = str(ours)
        binaries = ours / "bin"
    variables["PATH"] = os.pathsep.join([str(binaries), os.environ.get("PATH", os.defpath)])
    return variables
