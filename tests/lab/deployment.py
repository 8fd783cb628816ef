"""Deploying onto a test's own lab, and attempts that have to fail without harm."""

import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import yaml

from lab.hospital import Lab
from tests.lab.little_lab import command_line
from toolchain.workspace import Workspace, stack_settings


def deployment_command(lab: Lab, stack: str, verb: str) -> list[str]:
    """What ``make up`` runs once the machines run; or, with ``destroy``, the opposite."""
    inside = [sys.executable, "-m", "lab", f"--lab={lab.name}", "exec", "--"]
    return [*inside, sys.executable, "-m", "lab.stack", verb, "--stack", stack]


def deploy(lab: Lab, stack: str, verb: str = "up") -> None:
    """Run it; it has to work."""
    argv = deployment_command(lab, stack, verb)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def workspace(lab: Lab, stack: str) -> Workspace:
    """The deployed stack, to look at."""
    return Workspace(lab.state / "pulumi", stack)


def failed_update(
    deployed: Workspace,
    lab: Lab,
    folder: Path,
    change: Callable[[dict[str, Any]], None],
    key: str | None = None,
) -> str:
    """``pulumi up`` of a copy of ``deployed`` with ``change`` made to its file; it must fail. What it said.

    Because it is a copy, the deployed stack's own state knows nothing of the attempt.
    """
    shutil.copytree(deployed.folder, folder, symlinks=True)
    attempt = Workspace(folder, deployed.stack)
    file = folder / f"Pulumi.{deployed.stack}.yaml"
    settings = yaml.safe_load(file.read_text())
    change(settings["config"]["prontuario:hospital"])
    file.write_text(yaml.safe_dump(settings))
    if key is not None:
        attempt.run("config", "set", "--secret", "sshPrivateKey", stdin=key)
    script = (
        "import sys; from pathlib import Path; from toolchain.workspace import EngineError, Workspace\n"
        "try: print(Workspace(Path(sys.argv[1]), sys.argv[2]).run('up', '--yes', '--skip-preview'))\n"
        "except EngineError as error: print(error); sys.exit(1)"
    )
    done = command_line(lab.name, "exec", "--", sys.executable, "-c", script, str(folder), deployed.stack)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


def ask(lab: Lab, path: str, *, context: ssl.SSLContext | None = None) -> httpx.Response:
    """One request through the lab's door, the server's name and certificate verified."""
    trusted = context or ssl.create_default_context(cafile=str(lab.state / "ca.pem"))
    domain = stack_settings("lab")["domain"]
    # Browsers take names below localhost to this computer by themselves; the C library's resolver does not.
    with httpx.Client(verify=trusted, timeout=5) as client:
        return client.get(
            f"https://127.0.0.1:{lab.door_ports['https']}{path}",
            headers={"host": domain},
            extensions={"sni_hostname": domain},
        )


class ProcessWatch:
    """Every command line on this computer, machines of the lab included, while the block runs."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "ProcessWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(file.read_bytes())
                except OSError:
                    continue
