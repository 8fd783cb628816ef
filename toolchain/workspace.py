"""A project folder in which the engine works on a stack without touching the checkout.

Pulumi writes salts and settings beside the stack file it is given. For the virtual hospital, for previews
and for tests that file must not be the committed one: a workspace holds a copy of it (with what only that
place knows: host keys, the administrator's key), its own state and its own passphrase, and links back to the
one and only program.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from toolchain.engine import environment
from toolchain.errors import ToolchainError

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "prontuario"


@dataclass(frozen=True)
class Workspace:
    """One stack in a folder of its own."""

    folder: Path
    stack: str

    @classmethod
    def create(
        cls, folder: Path, stack: str, hospital: Mapping[str, Any], key: str | None = None
    ) -> "Workspace":
        """Write ``hospital`` (the value of ``prontuario:hospital``) as the stack file of a workspace.

        ``key`` is the administrator's private SSH key; it is stored encrypted. A workspace that is already in
        ``folder`` keeps its state.
        """
        workspace = cls(folder, stack)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "state").mkdir(exist_ok=True)
        (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
        for name in ("infra", ".venv"):
            link = folder / name
            link.unlink(missing_ok=True)
            link.symlink_to(ROOT / name)
        passphrase = folder / "passphrase"
        if not passphrase.exists():
            passphrase.touch(mode=0o600)
            passphrase.write_text(secrets.token_urlsafe(32))
        settings = yaml.safe_load(workspace._file.read_text()) if workspace._file.exists() else {}
        config = settings.setdefault("config", {})
        config[f"{PROJECT}:hospital"] = dict(hospital)
        workspace._file.write_text(yaml.safe_dump(settings, sort_keys=False))
        if not workspace._checkpoint.exists():
            workspace.run("stack", "init", stack, stack_option=False)
        if key is not None and f"{PROJECT}:sshPrivateKey" not in config:
            workspace.run("config", "set", "--secret", "sshPrivateKey", stdin=key)
        return workspace

    @property
    def _file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "state" / ".pulumi" / "stacks" / PROJECT / f"{self.stack}.json"

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which ``pulumi`` finds this workspace; for child processes only."""
        # The official plugin fails on an agent's stale socket, and no step needs anybody's agent.
        inherited = {name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"}
        return {
            **inherited,
            **environment(),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            # An f-string over an Output would reach a machine as text: it must stop the program instead.
            "PULUMI_ERROR_OUTPUT_STRING": "true",
        }

    def run(
        self, *arguments: str, stdin: str | None = None, capture: bool = True, stack_option: bool = True
    ) -> str:
        """Run ``pulumi ARGUMENTS`` here; its standard output (empty when not captured).

        Raises EngineError with the engine's own words when it fails.
        """
        command = ["pulumi", *arguments, "--cwd", str(self.folder)]
        if stack_option:
            command += ["--stack", self.stack]
        if capture or not sys.stdout.isatty():
            command.append("--non-interactive")
        result = subprocess.run(
            command, env=self.environment, input=stdin, text=True, check=False, capture_output=capture
        )
        if result.returncode != 0:
            said = f"{result.stdout or ''}{result.stderr or ''}".strip()
            raise EngineError(
                f"pulumi {arguments[0]} of stack {self.stack} failed" + (f":\n{said}" if said else "")
            )
        return result.stdout or ""

    def preview(self) -> dict[str, Any]:
        """The engine's own account of what an update would do."""
        report: dict[str, Any] = json.loads(self.run("preview", "--json"))
        return report

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in clear: never print them."""
        values: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--show-secrets"))
        return values


class EngineError(Exception):
    """The engine refused or failed; the message holds its own words."""


def stack_settings(stack: str) -> dict[str, Any]:
    """``prontuario:hospital`` as the committed stack file says it."""
    path = ROOT / f"Pulumi.{stack}.yaml"
    if not path.exists():
        known = ", ".join(sorted(p.name.split(".")[1] for p in ROOT.glob("Pulumi.*.yaml")))
        raise EngineError(f"stack {stack}: no Pulumi.{stack}.yaml; known stacks: {known}")
    settings: dict[str, Any] = yaml.safe_load(path.read_text())["config"][f"{PROJECT}:hospital"]
    return settings


def main() -> int:
    """Show what a first update of a stack would create; needs no Mac, cloud account or network."""
    parser = argparse.ArgumentParser(prog="python -m toolchain.workspace", description=main.__doc__)
    parser.add_argument("verb", choices=["preview"])
    parser.add_argument("--stack", default="lab")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="prontuario-preview-") as folder:
        try:
            workspace = Workspace.create(Path(folder), arguments.stack, stack_settings(arguments.stack))
            workspace.run("preview", "--diff=false", capture=False)
        except (EngineError, ToolchainError) as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
