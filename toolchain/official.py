"""The official binaries, used wherever the pinned versions are already installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from toolchain import store
from toolchain.catalogue import ENGINE, LANGUAGE_HOST, Artefact


def _ours(path: Path) -> bool:
    """Whether it lies in our cache: a child of ours sees our own binaries on PATH and PULUMI_HOME."""
    return path.resolve().is_relative_to(store.root().resolve())


def home() -> Path:
    """The user's PULUMI_HOME."""
    named = os.environ.get("PULUMI_HOME")
    if named and not _ours(Path(named)):
        return Path(named)
    return Path.home() / ".pulumi"


def find(artefact: Artefact) -> Path | None:
    """Folder of the official binary of exactly this version; None when it is not installed."""
    if artefact.is_plugin:
        folder = (home() / artefact.home_path).parent
        # The engine leaves a .partial mark beside a plugin whose download was cut short.
        partial = folder.with_name(folder.name + ".partial")
        return folder if (folder / artefact.binary).is_file() and not partial.exists() else None
    engine = _engine()
    if engine is None or artefact is ENGINE:
        return engine
    # The language host has no version of its own to ask for: it ships beside the engine.
    return engine if (engine / LANGUAGE_HOST.binary).is_file() else None


def _engine() -> Path | None:
    for entry in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which(ENGINE.binary, path=entry or ".")
        if found is None or _ours(Path(found)):
            continue
        # A link (Homebrew's, say) hides the language host that stands beside the real file.
        path = Path(found).resolve()
        return path.parent if _version(path) == ENGINE.linked_version else None
    return None


def _version(binary: Path) -> str | None:
    """What `pulumi version` answers, remembered until the file changes: asking takes 0.2 s."""
    status = binary.stat()
    stamp = [str(binary), status.st_mtime_ns, status.st_size]
    memory = store.root() / "official.json"
    try:
        known = json.loads(memory.read_text())
        if known["stamp"] == stamp:
            return str(known["version"])
    except (OSError, ValueError, KeyError):
        pass
    try:
        answer = subprocess.run(
            [binary, "version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = answer.stdout.strip()
    memory.parent.mkdir(parents=True, exist_ok=True)
    scratch = memory.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps({"stamp": stamp, "version": found}))
    scratch.replace(memory)
    return found
