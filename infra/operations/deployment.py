"""A deployed stack: its engine, its stack file and the SSH doors of its machines."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from components.remote_script import RUNNER, assemble
from infra.config.load import read_stack_file
from infra.config.model import Hospital
from infra.config.node import Node
from lab.hospital import Lab
from lab.network import require_inside
from lab.stack import workspace
from toolchain.workspace import ROOT, alone

_LIBRARIES = ("kubernetes.sh", "kubernetes_operations.sh")
CONNECT_TIMEOUT = 5
"""Seconds until a machine that does not answer is taken for one that is off."""
NO_CONNECTION = 255
"""What ssh itself ends with."""


class OperationError(Exception):
    """The operation was refused or failed; one line for the person who asked for it."""


class Engine(Protocol):
    """Whoever runs ``pulumi ARGUMENTS`` on one stack."""

    def run(self, *arguments: str, capture: bool = True) -> str:
        """Its standard output, empty when it is not captured."""
        ...


@dataclass(frozen=True)
class Checkout:
    """The stack of this checkout, with the backend and passphrase of whoever is logged in."""

    stack: str

    def run(self, *arguments: str, capture: bool = True) -> str:
        """``pulumi ARGUMENTS``; OperationError when it fails, in its own words."""
        done = subprocess.run(
            ["pulumi", *arguments, "--cwd", ROOT, "--stack", self.stack],
            stdout=subprocess.PIPE if capture else None,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise OperationError(f"pulumi {arguments[0]} of stack {self.stack} failed: its words stand above")
        return done.stdout or ""


@dataclass(frozen=True)
class Door:
    """SSH to one machine, as the components use it: a script by standard input, run as root."""

    name: str
    node: Node
    key: Path

    def run(self, task: str, apply: str, *, limit: float = 300) -> str:
        """What ``apply`` (sh, with the functions of scripts/kubernetes_operations.sh) prints.

        Raises ConnectionError when nobody answers, OperationError with the machine's own line when it
        refuses. ``limit`` is in seconds.
        """
        ssh = self.node.ssh
        host, port = str(self.node.debian_address), ssh.port
        if ssh.host_key is None:
            raise OperationError(
                f"nodes.{self.name}.ssh.host_key is missing in the stack file: write it there"
            )
        known = self.key.with_name(f"{self.name}.known")
        known.write_text(f"[{host}]:{port} {ssh.host_key}\n" if port != 22 else f"{host} {ssh.host_key}\n")
        options = {
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(known),
            "GlobalKnownHostsFile": os.devnull,
            "ConnectTimeout": str(CONNECT_TIMEOUT),
            "ServerAliveInterval": "5",
        }
        command = ["ssh", "-F", os.devnull, "-i", str(self.key), "-p", str(port)]
        command += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        script = assemble(machine=self.name, step=task, apply=apply, libraries=_LIBRARIES, limit=limit)
        done = subprocess.run(
            [*command, f"{ssh.user}@{host}", RUNNER % "apply"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        said = (done.stderr.strip().splitlines() or [""])[-1]
        if done.returncode == NO_CONNECTION:
            raise ConnectionError(f"{self.name} ({host}) does not answer: {said}")
        if done.returncode != 0:
            raise OperationError(said)
        return done.stdout


@dataclass(frozen=True)
class Deployment:
    """A deployed hospital and its doors."""

    hospital: Hospital
    engine: Engine
    doors: dict[str, Door]

    @property
    def machines(self) -> list[str]:
        """Their names in the order in which they joined: the Macs, the primary first, then the witness."""
        return [*self.hospital.macs, *(name for name in self.doors if name not in self.hospital.macs)]

    def update(self, *options: str) -> None:
        """``pulumi up``, for the person to watch."""
        self.engine.run("up", "--yes", "--skip-preview", "--suppress-outputs", *options, capture=False)


@contextmanager
def deployment(stack: str) -> Iterator[Deployment]:
    """The deployed ``stack``: that of the running virtual hospital (``lab``), or this checkout's.

    The administrator's key lies in a file only while the block runs. Raises EngineError while somebody else
    works on the virtual hospital's stack.
    """
    if not stack.startswith("lab"):
        with _opened(Checkout(stack), ROOT / f"Pulumi.{stack}.yaml") as deployed:
            yield deployed
        return
    lab = Lab.named()
    require_inside(lab)
    with alone(lab.state / "pulumi"):
        engine = workspace(lab, stack)
        engine.recover()
        with _opened(engine, engine.folder / f"Pulumi.{stack}.yaml") as deployed:
            yield deployed


@contextmanager
def _opened(engine: Engine, file: Path) -> Iterator[Deployment]:
    hospital = read_stack_file(file)
    with tempfile.TemporaryDirectory(prefix="prontuario-key-") as folder:
        key = Path(folder) / "key"
        key.touch(mode=0o600)
        key.write_text(engine.run("config", "get", "sshPrivateKey").strip() + "\n")
        doors = {name: Door(name, node, key) for name, node in hospital.nodes.items()}
        yield Deployment(hospital, engine, doors)
