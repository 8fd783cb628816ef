"""A stack of machines that can run containers, on a test's own lab."""

import json
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.hospital import Lab
from tests.lab.little_lab import on_the_lan
from toolchain.workspace import Workspace, stack_settings

_RUN = (
    "import sys; from pathlib import Path; from toolchain.workspace import EngineError, Workspace\n"
    "try: print(Workspace(Path(sys.argv[1]), sys.argv[2]).run(*sys.argv[3:]))\n"
    "except EngineError as error: print(error); sys.exit(1)"
)


@dataclass
class RuntimeStack:
    """``stack`` on ``lab`` with only its machines and their container runtime.

    bundle: the folder of the bundle it delivers; signers: whom the machines believe
    """

    lab: Lab
    stack: str
    bundle: Path
    signers: list[str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``pulumi ARGUMENTS`` on the lab's LAN."""
        where = [f"PRONTUARIO_TEST_BUNDLE={self.bundle}", sys.executable, "-c", _RUN]
        return on_the_lan(self.lab, ["env", *where, str(self._written().folder), self.stack, *arguments])

    def up(self, *options: str) -> str:
        """``pulumi up``, which has to work; what it said."""
        done = self.run("up", "--yes", "--skip-preview", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refusal(self) -> str:
        """What ``pulumi up`` says, which has to fail."""
        done = self.run("up", "--yes", "--skip-preview")
        assert done.returncode == 1, done.stdout
        return done.stdout

    def forget(self) -> None:
        """Lose the engine's state, as after a restore from an old backup."""
        shutil.rmtree(self._folder)

    def resource(self, name: str) -> dict[str, Any]:
        """A resource as the engine's state keeps it."""
        state = json.loads(Workspace(self._folder, self.stack).run("stack", "export"))
        (found,) = [one for one in state["deployment"]["resources"] if one["urn"].endswith(f"::{name}")]
        return dict(found)

    @property
    def _folder(self) -> Path:
        return self.lab.state / "pulumi"

    def _written(self) -> Workspace:
        settings = stack_settings(self.stack)
        for name, node in settings["nodes"].items():
            key = (self.lab.state / "ssh" / f"{name}.host_key.pub").read_text().split()
            node["ssh"] = {**node.get("ssh", {}), "host_key": " ".join(key[:2])}
            node["architecture"] = platform.machine()
        settings["bundle"] = {"signers": self.signers}
        private_key = (self.lab.state / "ssh" / "admin").read_text()
        workspace = Workspace.create(self._folder, self.stack, settings, key=private_key)
        program = self._folder / "infra"
        program.unlink()
        program.symlink_to(Path(__file__).with_name("runtime_program"))
        return workspace
