"""The resources of the conformance tests, day by day, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.toolchain.sshd import Machine
from tests.toolchain.stack import Run, Stack, Wanted

SECRET = "a word nobody may read"
LOCAL = "command.local.Command"
REMOTE = "command.remote.Command"
COPY = "command.remote.CopyToRemote"


@dataclass(frozen=True)
class Life:
    """What happened on each day, and the journal every command wrote into."""

    born: Run
    unchanged: Run
    changed: Run
    broken: Run
    buried: Run
    files: dict[str, str]
    journal: list[str]

    def entries(self, name: str) -> list[str]:
        """What the resource's own commands wrote, in order."""
        return [entry.partition(" ")[2] for entry in self.journal if entry.split()[0] == name]


class World:
    """The resources wanted on a given day."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self._machine = machine
        self._folder = folder
        self.journal = folder / "journal"

    def note(self, text: str) -> str:
        """A shell command that adds a line to the journal."""
        return f"echo {text} >> {self.journal}"

    def write(self, name: str, text: str) -> str:
        """A local file to copy."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def both(self, name: str, *, secret_outputs: tuple[str, ...] = (), **inputs: Any) -> list[Wanted]:
        """The same command here and over SSH."""
        here = {key: self._named(value, f"local-{name}") for key, value in inputs.items()}
        there = {key: self._named(value, f"remote-{name}") for key, value in inputs.items()}
        there["connection"] = self._machine.connection()
        return [
            Wanted(LOCAL, f"local-{name}", here, secret_outputs),
            Wanted(REMOTE, f"remote-{name}", there, secret_outputs),
        ]

    def _named(self, value: Any, name: str) -> Any:
        return value.replace("NAME", name) if isinstance(value, str) else value

    def copy(self, name: str, source: dict[str, str], target: str) -> Wanted:
        """A copy onto the machine."""
        path = str(self._machine.folder / target)
        inputs = {"connection": self._machine.connection(), "source": source, "remote_path": path}
        return Wanted(COPY, name, inputs)

    def on(self, day: int) -> list[Wanted]:
        """Everything the program makes on that day."""
        return [*self.commands(day), *self.local_only(), *self.copies(day), *self.failing(day)]

    def commands(self, day: int) -> list[Wanted]:
        """Commands that act the same here and there."""
        later = day > 1
        tell = 'said "[$PULUMI_COMMAND_STDOUT][$PULUMI_COMMAND_STDERR]"'
        return [
            *self.both("printing", create="printf 'one\\n\\n'; echo two >&2"),
            *self.both("reading", create="cat", stdin="a line\nand another"),
            *self.both(
                "seeing", create='echo "$HOSPITAL_CALLED"', environment={"HOSPITAL_CALLED": "Santa Casa"}
            ),
            *self.both("idle", delete=self.note("NAME deleted")),
            *self.both(
                "updating",
                create=f"echo first; echo complaint >&2; {self.note('NAME created')}",
                update=f"echo second{day}; {self.note(f'NAME updated {tell}')}",
                delete=self.note(f"NAME deleted {tell}"),
                environment={"HOSPITAL_DAY": str(day)},
            ),
            *self.both(
                "silent-about-the-past",
                create="echo first",
                update=self.note(f"NAME updated {tell}"),
                environment={"HOSPITAL_DAY": str(day)},
                add_previous_output_in_env=False,
            ),
            *self.both("recreating", create=f"echo day{2 if later else 1}; {self.note('NAME created')}"),
            *self.both(
                "triggered",
                create=self.note(f"NAME created on day {2 if later else 1}"),
                update=self.note("NAME updated"),
                delete=self.note("NAME deleted"),
                triggers=["release", 2 if later else 1, {"nested": [True]}],
            ),
            *self.both("confiding", create="cat > /dev/null; echo heard", stdin={"secret": SECRET}),
            *self.both(
                "reciting", create="cat", stdin={"secret": SECRET}, secret_outputs=("stdout",), logging="none"
            ),
            *self.both("quiet", create="echo spoken; echo complained >&2", logging="stderr"),
            *self.both("mute", create="echo spoken; echo complained >&2", logging="none"),
        ]

    def local_only(self) -> list[Wanted]:
        """What only a command run here can do."""
        self.write("dir/deep/kept.txt", "kept")
        self.write("dir/deep/secret.txt", "left out")
        self.write("dir/top.txt", "top")
        directory = str(self._folder / "dir")
        gathering = {
            "dir": directory,
            "asset_paths": ["**.txt", "!**secret*"],
            "archive_paths": ["deep/*.txt"],
        }
        return [
            Wanted(LOCAL, "gathering", {"create": "pwd", **gathering}),
            Wanted(LOCAL, "interpreting", {"create": "print(6 * 7)", "interpreter": ["python3", "-c"]}),
            Wanted("command.local.run", "run", {"command": f"echo told; {self.note('run ran')}"}),
        ]

    def copies(self, day: int) -> list[Wanted]:
        """Files and folders on their way to the machine."""
        self.write("tree/leaf", "leaf")
        self.write("tree/branch/leaf", f"leaf of day {min(day, 2)}")
        standing = self._machine.folder / "standing"
        standing.mkdir(exist_ok=True)
        tree = str(self._folder / "tree")
        report = self.write("report.txt", f"written on day {min(day, 2)}")
        return [
            self.copy("file", {"file": report}, "new/parents/report.txt"),
            self.copy("into-folder", {"file": self.write("note.txt", "note")}, "standing"),
            self.copy("text", {"text": "spoken\n"}, "texts/words.txt"),
            self.copy("folder", {"archive": tree}, "folders/copied"),
            self.copy("folder-contents", {"archive": tree + "/"}, "folders/contents"),
            self.copy("folder-into-folder", {"archive": tree}, "standing"),
            Wanted(
                "command.remote.CopyFile",
                "old-way",
                {
                    "connection": self._machine.connection(),
                    "local_path": self.write("old.txt", "old way"),
                    "remote_path": str(self._machine.folder / "old.txt"),
                },
            ),
        ]

    def failing(self, day: int) -> list[Wanted]:
        """What works at first and fails on the third day."""
        command = "echo half done; echo it broke >&2; exit 3" if day == 3 else "echo whole"
        return [
            *self.both(
                "breaking", create="echo whole", update=command, environment={"HOSPITAL_DAY": str(day)}
            ),
            *([] if day == 3 else self.both("clinging", delete="echo cannot let go >&2; exit 4")),
        ]


def lived(machine: Machine, plugin: Path | None, folder: Path) -> Life:
    """Three days and a funeral."""
    world = World(machine, folder)
    stack = Stack(folder / "stack", plugin)
    born = stack.up(world.on(1))
    unchanged = stack.preview(world.on(1))
    changed = stack.up(world.on(2))
    files = {
        str(path.relative_to(machine.folder)): path.read_text()
        for path in machine.folder.rglob("*")
        if path.is_file()
    }
    broken = stack.up(world.on(3), check=False)
    buried = stack.destroy(check=False)
    return Life(born, unchanged, changed, broken, buried, files, world.journal.read_text().splitlines())
