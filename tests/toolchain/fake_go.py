"""A `go` for tests: answers at once, builds text files, and does as the test tells it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """\
#!/bin/sh
here={folder}
case "$1" in
  env) cat "$here/version"; exit 0 ;;
  list) echo "$here/module"; exit 0 ;;
esac
echo "$@" >> "$here/calls"
. "$here/behaviour"
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then echo built > "$2"; chmod +x "$2"; fi
  shift
done
"""


@dataclass(frozen=True)
class FakeGo:
    """Stands on PATH instead of the real one."""

    folder: Path

    def install(self) -> None:
        """Write the program and everything it reads."""
        upstream = self.folder / "module" / "python" / "cmd"
        upstream.mkdir(parents=True)
        (upstream / "pulumi-language-python-exec").write_text("#!/usr/bin/env python\n")
        program = self.folder / "bin" / "go"
        program.parent.mkdir()
        program.write_text(_SCRIPT.format(folder=self.folder))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.calls_itself("go1.26.8")
        self.behaves("true")

    def calls_itself(self, version: str) -> None:
        """The answer to `go env GOVERSION`."""
        (self.folder / "version").write_text(version + "\n")

    def behaves(self, shell: str) -> None:
        """Shell text run by every build."""
        (self.folder / "behaviour").write_text(shell + "\n")

    def calls(self) -> list[str]:
        """The builds asked for so far."""
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def path(self) -> str:
        """PATH with this Go and the system's ordinary tools, and no Pulumi."""
        return os.pathsep.join([str(self.folder / "bin"), "/usr/bin", "/bin"])
