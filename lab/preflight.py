"""Can this computer carry a lab? One clear line when it cannot."""

import ctypes
import os
import shutil
import sys
from pathlib import Path

from lab import archive
from lab.host import SYSTEM_PATH, LabError, Progress, command, last_line

WITHOUT = "`make preview` works without the lab"
TOOLS = {
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nft": "nftables",
    "ssh-keygen": "openssh-client",
    "nsenter": "util-linux",
    "zstd": "zstd",
}
WATCHERS_PER_MACHINE = 6
BUILD_TOOLS = {
    "mmdebstrap": "mmdebstrap",
    # What checks Debian's signatures; other systems that have apt do not all have these.
    "gpg": "gpg",
    "gpgv": "gpgv",
    str(archive.KEYRING): "debian-archive-keyring",
}
GUEST = "`limactl start --name=lab lab/lima.yaml` does it and says how to go on"
# Tried out in a network namespace that ends with the shell: the computer's own network is not involved.
KERNEL_TRIAL = """
ip link add bridge0 type bridge || { echo 'bridges (CONFIG_BRIDGE)'; exit 1; }
ip link add end0 type veth peer name end1 || { echo 'virtual cables (CONFIG_VETH)'; exit 1; }
printf 'table bridge trial {\\nchain c { type filter hook forward priority 0; }\\n}\\n' | nft -f - ||
    { echo 'nftables for bridges (CONFIG_NF_TABLES_BRIDGE)'; exit 1; }
"""


def system() -> None:
    """Raise LabError unless this is a Linux that could run machines; asks for nothing."""
    if sys.platform == "darwin":
        raise LabError(f"the lab needs Linux: run it in a guest on this Mac: {GUEST}; {WITHOUT}")
    if not sys.platform.startswith("linux"):
        raise LabError(f"the lab needs Linux, this is {sys.platform}; {WITHOUT}")
    if os.geteuid() != 0 and shutil.which("sudo", path=SYSTEM_PATH) is None:
        raise LabError(f"the lab needs root, and there is no sudo to ask: run it as root; {WITHOUT}")


def check(progress: Progress, *, machines: int = 0, image_is_built: bool) -> None:
    """Install what is missing, then try out what so many more machines need of the kernel (needs root).

    Raises LabError naming everything that is missing.
    """
    system()
    wanted = tools(image_is_built=image_is_built)
    missing = {package for tool, package in wanted.items() if not is_there(tool)}
    if missing:
        _install(sorted(missing), progress)
    if "overlay" not in Path("/proc/filesystems").read_text():
        command(["modprobe", "overlay"], check=False)
    lacking = [feature for feature, there in kernel().items() if not there]
    trial = command(["unshare", "--net", "sh", "-c", KERNEL_TRIAL], check=False)
    if trial.returncode != 0:
        lacking.append(
            last_line(trial.stdout, trial.returncode) if trial.stdout else last_line(trial.stderr, 1)
        )
    wanted_watchers = machines * WATCHERS_PER_MACHINE
    if watchers_left(wanted_watchers) < wanted_watchers:
        lacking.append(
            f"room for {machines} more machines (each needs {WATCHERS_PER_MACHINE} of fs.inotify."
            "max_user_instances: take another lab down, or raise it with sysctl)"
        )
    if lacking:
        raise LabError(f"this computer's kernel gives the lab no {', no '.join(lacking)}; {WITHOUT}")


def tools(*, image_is_built: bool) -> dict[str, str]:
    """The programs and files a lab needs of this computer, and the Debian package that has each."""
    return TOOLS if image_is_built else {**TOOLS, **BUILD_TOOLS}


def is_there(tool: str) -> bool:
    """True when a program is installed, or a file exists."""
    return Path(tool).exists() if tool.startswith("/") else shutil.which(tool, path=SYSTEM_PATH) is not None


def kernel() -> dict[str, bool]:
    """What can be told of this kernel without trying it out."""
    return {
        "network namespaces (CONFIG_NET_NS)": Path("/proc/self/ns/net").exists(),
        "overlay mounts (CONFIG_OVERLAY_FS)": "overlay" in Path("/proc/filesystems").read_text(),
        "control groups mounted at /sys/fs/cgroup": "cgroup" in Path("/proc/self/mounts").read_text(),
    }


def watchers_left(wanted: int) -> int:
    """How many inotify instances root still gets, at most ``wanted``; without them systemd does not boot."""
    libc = ctypes.CDLL(None)
    handles = []
    for _ in range(wanted):
        handle = libc.inotify_init1(os.O_CLOEXEC)
        if handle < 0:
            break
        handles.append(handle)
    for handle in handles:
        os.close(handle)
    return len(handles)


def _install(packages: list[str], progress: Progress) -> None:
    if shutil.which("apt-get", path=SYSTEM_PATH) is None:
        raise LabError(
            f"missing here: {', '.join(packages)} (Debian's names): install them as this system does; "
            f"{WITHOUT}"
        )
    progress.say(f"installing on this computer: {', '.join(packages)}")
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    env = {"PATH": SYSTEM_PATH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    if command(install, check=False, timeout=600, env=env).returncode != 0:
        command(["apt-get", "update"], check=False, timeout=300, env=env)
        done = command(install, check=False, timeout=600, env=env)
        if done.returncode != 0:
            said = last_line(done.stderr, done.returncode)
            raise LabError(f"apt-get cannot install {', '.join(packages)}: {said}; {WITHOUT}")
