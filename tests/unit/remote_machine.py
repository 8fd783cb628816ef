"""A directory in which the scripts of the SSH door run for real, as on a machine."""

import getpass
import grp
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from components.remote_script import assemble, call, function

OWNER = f"{getpass.getuser()}:{grp.getgrgid(os.getgid()).gr_name}"


@dataclass
class Machine:
    """A directory that stands for the machine ``name``, and what a step said there."""

    root: Path
    name: str = "mac-a"
    limit: float = 20
    environment: dict[str, str] = field(default_factory=dict)

    def run(
        self,
        apply: str,
        *,
        remove: str = "",
        payload: str = "",
        verb: str = "apply",
        library: str | Sequence[str] = (),
        before: Callable[[], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        script = self.root.parent / f"script-{time.monotonic_ns()}"
        script.write_bytes(
            assemble(
                machine="mac-a",
                step="step",
                apply=apply,
                remove=remove,
                libraries=[library] if isinstance(library, str) else library,
                limit=self.limit,
                payload=payload,
            ).encode()
        )
        return subprocess.run(
            ["sh", script, verb],
            cwd=self.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=before,
        )

    def _environment(self) -> dict[str, str]:
        # The one program that would tell the name of the computer we test on.
        programs = self.root.parent / "programs"
        programs.mkdir(exist_ok=True)
        (programs / "uname").write_text(f'#!/bin/sh\n[ "$*" = -n ] && echo {self.name}\n')
        (programs / "uname").chmod(0o755)
        environment = os.environ | self.environment
        return environment | {"PATH": f"{programs}:{environment['PATH']}"}

    def put(
        self,
        content: str,
        *,
        check: str = "",
        changed: str = "",
        mode: str = "0640",
        before: Callable[[], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        bodies = [function("check", check), function("changed", changed)]
        steps = [*bodies, call("put_file", str(self.target), mode, OWNER)]
        return self.run("\n".join(steps), payload=content, library="file.sh", before=before)

    @property
    def target(self) -> Path:
        return self.root / "etc" / "edge.cfg"

    @property
    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.target.parent.iterdir() if path != self.target)


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    return result.stderr.splitlines()[-1]
