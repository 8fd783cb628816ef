"""A machine whose containerd is a folder: the programs that a delivered bundle is handed to, run for real."""

import hashlib
import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.container_runtime import pack
from components.remote_script import call
from lab.images import bundle, verify
from tests.unit.remote_machine import Machine

_CTR = '''\
#!{python}
"""ctr, as far as the scripts use it."""
import json, pathlib, sys, tarfile
home = pathlib.Path({home!r})
file = home / "images.json"
images = json.loads(file.read_text()) if file.exists() else {{}}
arguments = [word for word in sys.argv[1:] if not word.startswith("--")]
with (home / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
if (home / "broken").exists():
    sys.exit("ctr: no space left on device")
match arguments:
    case ["k8s.io", "images", "import", archive]:
        with tarfile.open(archive) as tar:
            rows = json.load(tar.extractfile("index.json"))["manifests"]
        for row in rows:
            name = row["annotations"]["io.containerd.image.name"]
            images[name] = (home / "lies").read_text() if (home / "lies").exists() else row["digest"]
            images["sha256:config-of-" + name] = images[name]
    case ["k8s.io", "images", "list"]:
        if "--quiet" in sys.argv:
            print(*images, sep="\\n")
        else:
            print("REF TYPE DIGEST SIZE")
            for name, digest in images.items():
                print(name, "application/vnd.oci", digest, "1 MiB")
    case ["k8s.io", "images", "mount", name, place]:
        assert name in images
        programs = pathlib.Path(place, "usr/local/bin")
        programs.mkdir(parents=True)
        for program in ("kubelet", "kubectl"):
            (programs / program).write_text(f"{{program}} of {{images[name]}}")
        (home / "mounted").touch()
    case ["k8s.io", "images", "unmount", place]:
        import shutil
        shutil.rmtree(pathlib.Path(place, "usr"))
        (home / "mounted").unlink()
    case ["k8s.io", "images", "remove", *names]:
        for name in names:
            del images[name]
    case ["version"]:
        pass
    case _:
        sys.exit(f"unexpected: {{arguments}}")
file.write_text(json.dumps(images))
'''


@dataclass
class ContainerMachine(Machine):
    """A machine with containerd; what it holds is in ``root``."""

    architecture: str = bundle.architecture()
    mark: str = "mark"
    """Where it is noted which archive was taken: another name, another kind of archive."""

    def install(self) -> None:
        """Put the programs in place that no test may run for real."""
        home = self.root.parent / "home"
        (home / "incoming").mkdir(parents=True)
        for folder in ("containerd", "bin"):
            (self.root / folder).mkdir()
        self._program("ctr", _CTR.format(python=sys.executable, home=str(self.root / "containerd")))
        self._program("getent", f"#!/bin/sh\necho admin:x:1000:1000::{home}:/bin/sh\n")
        self._program("chown", "#!/bin/sh\n")
        self._program("mountpoint", f"#!/bin/sh\n[ -e {self.root}/containerd/mounted ]\n")
        self._program("systemctl", f'#!/bin/sh\necho "$@" >>{self.root}/services\n')
        self.is_of(self.architecture)
        self.environment["SUDO_USER"] = "admin"

    def is_of(self, architecture: str) -> None:
        """Which processor it has."""
        self._program("dpkg", f"#!/bin/sh\necho {architecture}\n")

    def has_control_groups(self, filesystem: str) -> None:
        """What is mounted at /sys/fs/cgroup."""
        self._program("stat", f"#!/bin/sh\necho {filesystem}\n")

    def _program(self, name: str, text: str) -> None:
        folder = self.root.parent / "programs"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)

    @property
    def incoming(self) -> Path:
        """Where the copy arrives."""
        return self.root.parent / "home" / "incoming" / "it"

    @property
    def images(self) -> dict[str, str]:
        """What containerd holds."""
        file = self.root / "containerd" / "images.json"
        held: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        return held

    @property
    def programs(self) -> list[str]:
        """What is installed."""
        return sorted(path.name for path in (self.root / "bin").iterdir())

    @property
    def changes(self) -> dict[str, bytes]:
        """Every file of the machine."""
        return {str(p.relative_to(self.root)): p.read_bytes() for p in self.root.rglob("*") if p.is_file()}

    def step(self, *words: str, papers: dict[str, str], verb: str = "apply") -> Any:
        """Call a function of the library with its places moved below ``root``."""
        places = {
            "waiting": self.root / "waiting",
            "mark": self.root / "containerd" / self.mark,
            "programs": self.root / "bin",
            "mounted": self.root / "node",
        }
        lines = [f"{name}={shlex.quote(str(path))}" for name, path in places.items()]
        body = "\n".join([*lines, call(*words)])
        libraries = ["upload.sh", "container_runtime.sh"]
        if verb == "remove":
            return self.run("", remove=body, verb="remove", library=libraries)
        return self.run(body, payload=pack(papers), library=libraries)


@dataclass(frozen=True)
class Delivery:
    """A bundle on its way to a machine."""

    folder: Path
    signers: Path

    @property
    def papers(self) -> dict[str, str]:
        """What travels with the steps."""
        beside = [path for path in self.folder.iterdir() if path.name in (verify.LIST, verify.SIGNATURE)]
        texts = {path.name: path.read_text() for path in beside}
        script = Path(verify.__file__)
        return {script.name: script.read_text(), **texts, "signers": self.signers.read_text()}

    def looked(self, machine: ContainerMachine, *, size: int = 1000) -> subprocess.CompletedProcess[str]:
        """Before the copy."""
        done: subprocess.CompletedProcess[str] = machine.step(
            "look_at_bundle", "incoming/it", self.digest, str(size), papers=self.papers
        )
        return done

    def sent(self, machine: ContainerMachine) -> None:
        """The copy."""
        machine.incoming.parent.mkdir(parents=True, exist_ok=True)
        machine.incoming.write_bytes((self.folder / verify.ARCHIVE).read_bytes())

    def taken(self, machine: ContainerMachine) -> subprocess.CompletedProcess[str]:
        """After the copy."""
        done: subprocess.CompletedProcess[str] = machine.step(
            "take_bundle", "incoming/it", "mac-a-images-copy", self.digest, papers=self.papers
        )
        return done

    @property
    def digest(self) -> str:
        """The name of the bundle."""
        return hashlib.sha256((self.folder / verify.LIST).read_bytes()).hexdigest()
