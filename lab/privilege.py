"""Root for the lab alone: an ordinary user is asked once by sudo, and everything else stays the user's."""

import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lab.host import SYSTEM_PATH, LabError, typed

REPOSITORY = Path(__file__).resolve().parent.parent
Method = TypeVar("Method", bound=Callable[..., Any])


def is_root() -> bool:
    """True when nobody has to be asked."""
    return os.geteuid() == 0


def as_root(argv: Sequence[str]) -> list[str]:
    """The same command line, through sudo when this process is an ordinary user's.

    Raises LabError when there is no sudo.
    """
    if is_root():
        return list(argv)
    if shutil.which("sudo", path=SYSTEM_PATH) is None:
        raise LabError(
            "the lab needs root and there is no sudo here: run as root; `make preview` works without"
        )
    return ["sudo", "--", *argv]


def run_as_root(arguments: Sequence[str]) -> int:
    """Run ``python -m lab ARGUMENTS`` again as root, for this user, and return its exit status."""
    argv = as_root(
        [
            # Root leaves nothing of its own in the user's repository.
            *("env", f"PYTHONPATH={REPOSITORY}", "PYTHONDONTWRITEBYTECODE=1"),
            *(sys.executable, "-m", "lab", f"--for={os.getpid()}", *arguments),
        ]
    )
    # The terminal's interrupt reaches the child too, and the child decides what it means.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(argv, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def delegated(verb: str) -> Callable[[Method], Method]:
    """A method that root does itself and an ordinary user's process has done by ``python -m lab VERB``."""

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def wrapper(self: Any, *arguments: Any) -> Any:
            if is_root():
                return method(self, *arguments)
            target = getattr(self, "about", None)
            words = [verb, *([target.name] if target else []), *map(str, arguments)]
            lab = self.lab if target else self.name
            if run_as_root([f"--lab={lab}", *words]) != 0:
                raise LabError(f"{typed(*words, lab=lab)} failed: its own message is above")
            return None

        return wrapper  # type: ignore[return-value]

    return decorate


@dataclass(frozen=True)
class Person:
    """The user for whom root acts."""

    uid: int
    gid: int
    environment: dict[str, str]


def person(pid: int) -> Person:
    """Who runs the process that asked for root.

    Raises LabError when that is not the user sudo authenticated.
    """
    process = Path(f"/proc/{pid}")
    try:
        found = process.stat()
        raw = (process / "environ").read_bytes()
    except OSError:
        raise LabError(f"process {pid}, for which the lab should act, is gone") from None
    if str(found.st_uid) != os.environ.get("SUDO_UID"):
        raise LabError(f"process {pid} is not of the user who asked sudo")
    pairs = (os.fsdecode(entry).partition("=") for entry in raw.split(b"\0") if b"=" in entry)
    return Person(found.st_uid, found.st_gid, {name: value for name, _, value in pairs})


def adopt(who: Person) -> None:
    """Use this person's folders and lab name from here on; files made for them will belong to them."""
    for name, value in who.environment.items():
        if name == "HOME" or name.startswith(("XDG_", "PRONTUARIO_")):
            os.environ[name] = value
    os.environ["PRONTUARIO_OWNER"] = f"{who.uid}:{who.gid}"


def drop_to(who: Person) -> list[str]:
    """The beginning of a command line that runs the rest as this person, with no privilege left."""
    ids = [f"--reuid={who.uid}", f"--regid={who.gid}", "--init-groups", "--inh-caps=-all"]
    return ["setpriv", *ids, "--"]
