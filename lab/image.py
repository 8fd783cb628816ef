"""The root file system of every machine: built once by mmdebstrap, cached, never written to."""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.versions import DEBIAN_RELEASE, MACHINE_PACKAGES
from lab import archive
from lab.host import (
    LabError,
    Progress,
    cache_folder,
    command,
    give_to_owner,
    last_line,
    locked,
    own_folder,
    state_folder,
    typed,
)

CUSTOMIZE = Path(__file__).with_name("customize.sh")
EXCLUDED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")
NEEDED_BYTES = 1_000_000_000
# Two mounts and a chroot in namespaces that vanish with the program: nothing it writes reaches the image.
CONSUMER_SCRIPT = """
root=$1 folder=$2; shift 2
mount -t overlay overlay -o "$OVERLAY_OPTIONS" "$folder/root" &&
mount --rbind /dev "$folder/root/dev" && mount --rbind /proc "$folder/root/proc" || exit 125
exec chroot "$folder/root" /usr/bin/env -C /consumer "$@"
"""


def key() -> str:
    """What the image is made of, in twelve characters: the same inputs give the same key."""
    inputs = "\n".join(
        [DEBIAN_RELEASE, platform.machine(), *sorted(MACHINE_PACKAGES), *EXCLUDED, CUSTOMIZE.read_text()]
    )
    return hashlib.sha256(inputs.encode()).hexdigest()[:12]


def folder(image_key: str | None = None) -> Path:
    """Where an image of this key lives in the cache, whether or not it was built."""
    return cache_folder() / "images" / f"debian-{DEBIAN_RELEASE}-{platform.machine()}-{image_key or key()}"


def root(image_key: str | None = None) -> Path:
    """The image's root directory.

    Raises LabError when it was not built yet.
    """
    path = folder(image_key) / "root"
    if not path.is_dir():
        raise LabError(f"no image at {path.parent}: build it with {typed('image')}")
    return path


def ensure(progress: Progress) -> Path:
    """Find or build the image of today's key and return its root (needs root to build).

    Raises LabError when mmdebstrap fails; its whole output is in ``build.log`` beside the image.
    """
    target = folder()
    # Its programs that run as root are no longer updated: nobody else of this computer may reach them.
    own_folder(target.parent, 0o700)
    if (target / "root").is_dir():
        return target / "root"
    lock = target.parent / f".{target.name}.lock"
    with locked(lock, waiting="waiting for another build of the same image", progress=progress):
        if not (target / "root").is_dir():
            _build(target, progress)
            for path in _remove([old for old in _images() if old != target and not _users(old)]):
                progress.say(f"image: {path.name} removed, no lab uses it")
    return target / "root"


def _build(target: Path, progress: Progress) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < NEEDED_BYTES:
        raise LabError(
            f"{target.parent}: {free / 1e9:.1f} GB free, the image needs {NEEDED_BYTES / 1e9:.1f} GB: "
            "make room or set XDG_CACHE_HOME"
        )
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)  # left by an interrupted build; the lock is ours
    draft.mkdir()
    progress.say(f"image: building {target.name} ({len(MACHINE_PACKAGES)} packages and what they need)")
    log = target.with_name(f"{target.name}.build.log")
    sources = draft / "sources.list"
    sources.write_text(archive.sources(DEBIAN_RELEASE))
    argv = [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        f"--include={','.join(MACHINE_PACKAGES)}",
        *(f"--aptopt={option}" for option in archive.options()),
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED),
        *archive.keyring(),
        DEBIAN_RELEASE,
        str(draft / "root"),
        *([str(sources)] if sources.read_text() else []),
    ]
    try:
        _logged(argv, log, progress)
        _logged(["sh", str(CUSTOMIZE), str(draft / "root")], log, progress)
        versions = command(["chroot", str(draft / "root"), "dpkg-query", "--show"]).stdout
        (draft / "packages.txt").write_text(versions)
        sources.unlink()
        log.rename(draft / "build.log")
        draft.rename(target)
        give_to_owner(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    progress.say(f"image: {target} ready")


def _logged(argv: Sequence[str], log: Path, progress: Progress) -> None:
    """Run a step of the build, its output to the log and its headlines to the progress."""
    with log.open("a") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        line = ""
        for line in process.stdout or ():
            output.write(line)
            if line.startswith("I: ") and line.rstrip().endswith("..."):
                progress.say(f"image: {line[3:].strip()}")
        if process.wait() != 0:
            raise LabError(
                f"image: {argv[0]} failed: {last_line(line, process.returncode)} (all of it: {log})"
            )


def remove() -> Sequence[Path]:
    """Delete every cached image and return what was deleted (needs root).

    Raises LabError when a running lab's machines live on one of them.
    """
    images = sorted((cache_folder() / "images").glob("*debian-*"))
    for path in images:
        for lab in _users(path):
            raise LabError(f"{path} is in use by lab {lab!r}: {typed('down', lab=lab)} first")
    return _remove(images)


def _images() -> list[Path]:
    return sorted((cache_folder() / "images").glob("debian-*/"))


def _remove(paths: Sequence[Path]) -> Sequence[Path]:
    for path in paths:
        command(["rm", "--recursive", "--force", "--one-file-system", str(path)], timeout=300)
    return paths


def _users(image: Path) -> list[str]:
    """The labs that boot from this image: their disks lie on it, or their plan names it."""
    mounts = Path("/proc/self/mounts").read_text()
    found = set(re.findall(rf"lowerdir={re.escape(str(image))}/\S*,upperdir=\S*/labs/([^/]+)/", mounts))
    for plan in state_folder("any").parent.glob("*/lab.json"):
        try:
            if folder(json.loads(plan.read_text())["image"]) == image:
                found.add(plan.parent.name)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found)


def consumer(
    argv: Sequence[str], files: Mapping[str, bytes | str], *, timeout: float = 30.0
) -> subprocess.CompletedProcess[str]:
    """Run a program of the image on some files, with no network, and return what it said.

    A file's name is a path inside the image (``/etc/haproxy/haproxy.cfg``), or relative to the folder the
    program runs in (``haproxy.cfg``). Works for an ordinary user too; the image stays as it is.
    """
    image = ensure(Progress()) if os.geteuid() == 0 else root()
    with tempfile.TemporaryDirectory(prefix="consumer-") as temporary:
        here = Path(temporary)
        upper = here / "upper"
        for part in (upper / "consumer", here / "work", here / "root"):
            part.mkdir(parents=True)
        for name, content in files.items():
            path = upper / "consumer" / name if not name.startswith("/") else upper / name[1:]
            _place(path, content, within=upper)
        ordinary = os.geteuid() != 0
        options = f"lowerdir={image},upperdir={upper},workdir={here / 'work'}"
        return command(
            [
                "unshare",
                "--net",
                "--mount",
                *(["--map-root-user"] if ordinary else []),
                *("sh", "-c", CONSUMER_SCRIPT, "consumer", str(image), temporary),
                *argv,
            ],
            check=False,
            timeout=timeout,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL": "C.UTF-8",
                "OVERLAY_OPTIONS": options + (",userxattr" if ordinary else ""),
            },
        )


def _place(path: Path, content: bytes | str, *, within: Path) -> None:
    if not path.resolve().is_relative_to(within.resolve()):
        raise LabError(f"{path.name}: a file for a consumer must stay inside the image")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
