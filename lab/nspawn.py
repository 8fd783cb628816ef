"""How a machine is powered on: systemd-nspawn in its own control groups, on its own network card.

A stage for failures, not a prison: a machine shares this kernel, and only cannot change it by mistake.
"""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.host import command

# Joins the machine's control groups, lets go of the terminal, becomes systemd-nspawn and says its process id.
LAUNCH = """
log=$1; shift
(
    while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit; shift; done
    shift
    exec setsid "$@"
) < /dev/null > "$log" 2>&1 &
echo $!
"""
# What would reach through to this computer; systemd boots without them. Every container asks for CAP_MKNOD:
# what its nodes must not open is refused by the machine's control group.
WITHHELD = (
    "CAP_AUDIT_CONTROL",
    "CAP_SYSLOG",
    "CAP_SYS_BOOT",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_TIME",
)
# What systemd-nspawn refuses by default and containers ask for: a keyring each, device rules on version 2.
ALLOWED_CALLS = ("keyctl", "add_key", "request_key", "bpf")


def launch(
    *,
    root: Path,
    machine: str,
    hostname: str,
    network: Path,
    groups: Sequence[Path],
    folders: Mapping[str, Path],
    console: Path,
) -> int:
    """Boot the disk at ``root`` and return systemd-nspawn's process id at once.

    machine: a name no other machine on this computer has
    network: the network namespace it enters
    folders: path inside the machine -> the real folder seen there, for what cannot live on an overlay
    console: the file that gets everything it says
    """
    argv = [
        # /proc/sys stays read-only but for its network part, which is the machine's own.
        *("env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network"),
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--keep-unit",
        "--register=no",
        f"--directory={root}",
        f"--machine={machine}",
        f"--hostname={hostname}",
        f"--network-namespace-path={network}",
        # keepalived keeps itself in memory: an advertisement must not wait for a disk.
        "--capability=CAP_NET_ADMIN,CAP_IPC_LOCK",
        f"--drop-capability={','.join(WITHHELD)}",
        f"--system-call-filter={' '.join(ALLOWED_CALLS)}",
        # The kubelet must open the kernel's log to start; it gets one that never says anything.
        "--bind=/dev/null:/dev/kmsg",
        *(f"--bind={outside}:{inside}" for inside, outside in folders.items()),
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=pipe",
    ]
    started = command(["sh", "-c", LAUNCH, "launch", str(console), *map(str, groups), "--", *argv])
    return int(started.stdout)


def forget(lab: str, machine: str = "*") -> None:
    """Remove the folders systemd-nspawn leaves behind where /run is a disk."""
    for folder in Path("/run/systemd/nspawn/propagate").glob(f"{lab}.{machine}"):
        with contextlib.suppress(OSError):
            folder.rmdir()
