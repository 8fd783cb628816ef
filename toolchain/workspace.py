"""A project folder in which the engine works on a stack without touching the checkout.

Pulumi writes salts and settings beside the stack file it is given. For the virtual hospital, for previews
and for tests that file must not be the committed one: a workspace holds a copy of it (with what only that
place knows: host keys, the administrator's key), its own state and its own passphrase, and links back to the
one and only program.
"""

import argparse
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.config.load import ConfigurationError, read_stack_file
from infra.config.stack_file import hospital_value
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
            # An empty one, left by an interruption, would be somebody's passphrase for ever.
            draft = folder / "passphrase.draft"
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(32))
            draft.rename(passphrase)
        settings = yaml.safe_load(workspace._file.read_text()) if workspace._file.exists() else {}
        config = settings.setdefault("config", {})
        config[f"{PROJECT}:hospital"] = dict(hospital)
        draft = folder / "stack.draft"
        draft.write_text(yaml.safe_dump(settings, sort_keys=False))
        draft.rename(workspace._file)
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
            # The program talks to its engine on this computer, which no proxy can reach.
            "no_proxy": ",".join(filter(None, [os.environ.get("no_proxy"), "127.0.0.1,localhost"])),
            "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost"])),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            # What the Kubernetes plugin remembers of a server would otherwise stay in the user's ~/.kube.
            "KUBECACHEDIR": str(self.folder / "kube-cache"),
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
        pipe = subprocess.PIPE if capture else None
        engine = subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        with _left_to_the_engine():
            stdout, stderr = engine.communicate(stdin)
        if engine.returncode != 0:
            said = f"{stdout or ''}{stderr or ''}".strip()
            raise EngineError(
                f"pulumi {arguments[0]} of stack {self.stack} failed" + (f":\n{said}" if said else "")
            )
        return stdout or ""

    def recover(self) -> None:
        """Take away what an engine that was killed left; only for whoever is here :func:`alone`.

        Its lock and its note of steps under way outlive it, and its state file may be cut short. Every step
        is idempotent and runs again.
        """
        if not any((self.folder / "state" / ".pulumi" / "locks").rglob("*.json")):
            return
        self._restore_torn_state()
        self.run("cancel", "--yes")
        state = json.loads(self.run("stack", "export"))
        state["deployment"].pop("pending_operations", None)
        self.run("stack", "import", stdin=json.dumps(state))

    def preview(self) -> dict[str, Any]:
        """The engine's own account of what an update would do."""
        report: dict[str, Any] = json.loads(self.run("preview", "--json"))
        return report

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in clear: never print them."""
        values: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--show-secrets"))
        return values

    def _restore_torn_state(self) -> None:
        """Put the engine's copy of one step before in the place of a state file that it died writing."""
        if _is_json(self._checkpoint):
            return
        copy = self._checkpoint.with_name(f"{self._checkpoint.name}.bak")
        if not _is_json(copy):
            raise EngineError(
                f"stack {self.stack}: {self._checkpoint} is damaged and so is its copy: `make down`"
            )
        shutil.copyfile(copy, self._checkpoint)
        print(f"stack {self.stack}: its state was cut short, going on from one step before", file=sys.stderr)


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text())
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only one who works in the workspace of ``folder``; EngineError when somebody else does."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineError(
                "the hospital is being updated by another command: wait for it, then try again"
            ) from None
        yield


@contextmanager
def _left_to_the_engine() -> Iterator[None]:
    """Ctrl-C reaches the engine from the terminal; it finishes what it began only if we wait for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class EngineError(Exception):
    """The engine refused or failed; the message holds its own words."""


def stack_settings(stack: str) -> dict[str, Any]:
    """``prontuario:hospital`` as the committed stack file says it; EngineError if it says it wrongly."""
    path = ROOT / f"Pulumi.{stack}.yaml"
    known = sorted(p.name.split(".")[1] for p in ROOT.glob("Pulumi.*.yaml"))
    if stack not in known:
        raise EngineError(f"stack {stack}: no Pulumi.{stack}.yaml; known stacks: {', '.join(known)}")
    try:
        read_stack_file(path)
        settings = hospital_value(path)
    except ConfigurationError as error:
        raise EngineError(str(error)) from None
    assert isinstance(settings, dict)  # noqa: S101  # it was just read as a hospital
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
