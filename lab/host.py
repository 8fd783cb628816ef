"""What the lab asks of the computer it runs on: commands, folders, locks, processes."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

DEFAULT_LAB = "hospital"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUNTIME = Path("/run/prontuario")
COMMAND = ".venv/bin/python -m lab"


class LabError(RuntimeError):
    """Something a person must know, in one line: what happened, where, what to do next."""


def typed(*words: str, lab: str = DEFAULT_LAB) -> str:
    """In backquotes, what a person types in the repository's folder to have this lab do something."""
    named = [] if lab == DEFAULT_LAB else [f"--lab={lab}"]
    return f"`{' '.join([COMMAND, *named, *words])}`"


class Progress:
    """Lines with the seconds since the beginning, on standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._began = time.monotonic()
        self._quiet = quiet

    def say(self, text: str) -> None:
        """Print one line, unless this progress is quiet."""
        if not self._quiet:
            print(f"{time.monotonic() - self._began:6.1f} s  {text}", file=sys.stderr, flush=True)


def command(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    check: bool = True,
    timeout: float = 60.0,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a tool of this computer and return what it said (timeout in seconds).

    Raises LabError with the tool's last line when it fails, is missing or hangs.
    """
    try:
        result = subprocess.run(
            argv,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env={**os.environ, "PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8"} if env is None else dict(env),
        )
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed: {typed('doctor')} says which package has it") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(argv)}: no answer within {timeout:g} s") from None
    if check and result.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {last_line(result.stderr or result.stdout, result.returncode)}")
    return result


def last_line(text: str, status: int) -> str:
    """The line of an output that says what went wrong."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else f"exit status {status}"


def lab_name(name: str | None = None) -> str:
    """The lab meant: the argument, else PRONTUARIO_LAB, else "hospital".

    Raises LabError for a name that cannot be part of a path or a namespace.
    """
    chosen = name if name is not None else os.environ.get("PRONTUARIO_LAB") or DEFAULT_LAB
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", chosen):
        raise LabError(
            f"lab name {chosen!r}: use 1 to 31 of a-z, 0-9 and -, beginning with a letter (PRONTUARIO_LAB)"
        )
    return chosen


def _xdg(variable: str, fallback: str) -> Path:
    # A relative value is to be ignored, says the XDG specification: it would mean another place each time.
    chosen = Path(os.environ.get(variable, ""))
    return (chosen if chosen.is_absolute() else Path.home() / fallback) / "prontuario"


def cache_folder() -> Path:
    """What may be deleted at any time and is shared by every clone and lab."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def state_folder(name: str) -> Path:
    """What one lab consists of on disk."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "labs" / name


def runtime_folder(name: str) -> Path:
    """What one lab consists of until the next boot of this computer."""
    return RUNTIME / name


def owner() -> tuple[int, int]:
    """User and group id of the person the lab belongs to (root acts for them after sudo)."""
    named = os.environ.get("PRONTUARIO_OWNER")
    if named and os.geteuid() == 0:
        uid, gid = named.split(":")
        return int(uid), int(gid)
    return os.geteuid(), os.getegid()


def give_to_owner(*paths: Path) -> None:
    """Hand files created as root to the person the lab belongs to."""
    uid, gid = owner()
    for path in paths:
        os.chown(path, uid, gid, follow_symlinks=False)


def own_folder(path: Path, mode: int = 0o755) -> Path:
    """Create a folder and its missing parents, all belonging to the lab's owner."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    path.mkdir(parents=True, exist_ok=True)
    give_to_owner(*missing)
    path.chmod(mode)
    return path


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Publish a file whole or not at all, belonging to the lab's owner."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode)
    draft.chmod(mode)
    draft.write_text(text)
    give_to_owner(draft)
    draft.rename(path)


@contextmanager
def locked(path: Path, *, waiting: str, progress: Progress | None = None) -> Iterator[None]:
    """Hold a lock file that goes with its last holder; ``waiting`` is said while somebody else has it."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue  # the last lab of this computer just took the folder along
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                (progress or Progress()).say(waiting)
                fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever held it before may have unlinked the file: then this lock guards nothing.
            if not _is_at(path, handle):
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(handle)


def _is_at(path: Path, handle: int) -> bool:
    """True while the open file is still the one at this path."""
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


def started(pid: int) -> int | None:
    """When a living process began, in clock ticks since boot; None for a dead one or a zombie.

    Together with the id this names a process for good: ids are reused, births are not.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; False when the process ended before it got there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pid: int, birth: int, within: float) -> bool:
    """Wait for a process to end, at most ``within`` seconds; False when it still lives."""
    deadline = time.monotonic() + within
    while started(pid) == birth:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
