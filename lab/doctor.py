"""What this computer has and lacks to carry a lab: looks only, installs nothing, asks for no root."""

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from lab import image, preflight, privilege
from lab.host import cache_folder, command, last_line


@dataclass(frozen=True)
class Finding:
    """One thing a lab needs; `hopeless` when `make up` cannot get it by itself."""

    what: str
    state: str
    hopeless: bool = False


def report() -> int:
    """Print one line per thing; return 0 when `make up` works here, after what it installs by itself."""
    findings = list(_on_linux() if sys.platform.startswith("linux") else _elsewhere())
    for finding in findings:
        print(f"{finding.what:<22} {finding.state}")
    return int(any(finding.hopeless for finding in findings))


def _elsewhere() -> Iterator[Finding]:
    if sys.platform != "darwin":
        yield Finding("system", f"{sys.platform}: the lab needs Linux; {preflight.WITHOUT}", hopeless=True)
        return
    yield Finding("system", f"macOS: the lab runs in a Linux guest: {preflight.GUEST}; {preflight.WITHOUT}")
    found = shutil.which("limactl")
    yield Finding("limactl", found or "missing: `brew install lima`", hopeless=found is None)


def _on_linux() -> Iterator[Finding]:
    yield Finding("system", f"Linux {platform.release()} on {platform.machine()}")
    sudo = preflight.is_there("sudo")
    yield Finding(
        "root",
        "this is root"
        if privilege.is_root()
        else "sudo will ask"
        if sudo
        else "missing: no sudo: run as root",
        hopeless=not sudo and not privilege.is_root(),
    )
    built = image.folder().is_dir()
    apt = preflight.is_there("apt-get")
    for tool, package in preflight.tools(image_is_built=built).items():
        there = preflight.is_there(tool)
        advice = f"`make up` installs {package}" if apt else f"install {package} (Debian's name)"
        yield Finding(package, "there" if there else f"missing: {advice}", hopeless=not there and not apt)
    yield _image(built=built)
    for feature, there in preflight.kernel().items():
        loadable = not there and "overlay" in feature and _loadable("overlay")
        state = "there" if there else "a module, loaded by `make up`" if loadable else "missing"
        yield Finding("kernel", f"{feature}: {state}", hopeless=not there and not loadable)
    yield _trial()


def _image(*, built: bool) -> Finding:
    if built:
        return Finding("image", f"there: {image.folder()}")
    parent = next(path for path in (cache_folder(), *cache_folder().parents) if path.exists())
    free = shutil.disk_usage(parent).free
    short = free < image.NEEDED_BYTES
    needs = f"needs {image.NEEDED_BYTES / 1e9:.1f} GB, {free / 1e9:.1f} GB free at {parent}"
    advice = "make room or set XDG_CACHE_HOME" if short else "`make up` builds it"
    return Finding("image", f"missing: {advice} ({needs})", hopeless=short)


def _loadable(module: str) -> bool:
    return (
        preflight.is_there("modprobe")
        and command(["modprobe", "--dry-run", module], check=False).returncode == 0
    )


def _trial() -> Finding:
    """Bridges, cables and their filter, tried out in a namespace that ends with the trial."""
    what = "bridges, virtual cables and nftables for bridges"
    if not all(map(preflight.is_there, ("ip", "nft", "unshare"))):
        return Finding("kernel", f"{what}: `make up` tries them once ip and nft are installed")
    own = [] if privilege.is_root() else ["--user", "--map-root-user"]
    tried = command(["unshare", "--net", *own, "sh", "-c", preflight.KERNEL_TRIAL], check=False)
    if tried.returncode == 0:
        return Finding("kernel", f"{what}: there")
    if own:  # an ordinary user may be refused what root is not, and modules are loaded for root only
        return Finding("kernel", f"{what}: cannot be tried without root: `make up` does")
    return Finding("kernel", f"missing: {last_line(tried.stdout or tried.stderr, 1)}", hopeless=True)
