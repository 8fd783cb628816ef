"""A control group of its own for every machine, in every hierarchy there is (v1, hybrid or v2)."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from lab.host import LabError, send

# A login session or service takes its control group along when it ends; a lab must not end with it.
MANAGED = ("/user.slice", "/system.slice")

_OURS = "prontuario."
"""How the names of our groups begin."""

# This computer's disks, memory and ports, and its kernel log. A list of exceptions, not of permissions: below
# it a privileged container may still ask for everything and gets everything else. Version 1 only.
OUT_OF_REACH = ("b *:* rw", "c 1:1 rw", "c 1:2 rw", "c 1:4 rw", "c 1:11 rw")

# Microseconds of each second in which what watches over others (the failure detector) goes before everybody
# else. Version 1 gives a new group none. Three machines' shares make a lab's; this computer has 950000.
URGENT = 90_000
URGENT_IN_A_LAB = 300_000

# Of the processor, against whatever else runs: as much for a machine as for a program. Without it three
# machines share what one program gets.
SHARES, WEIGHT = 1024, 100

# While a machine boots: a real one has processors of its own, and takes nothing from those that work when it
# comes back. As an equal it cost the others up to 2.2 s of answers; what was measured: docs/decisions/0015.
BOOTING_SHARES, BOOTING_WEIGHT = SHARES // 2, WEIGHT // 2

# Of the processor, against the machines of a lab: the phones that its drills play have processors of their
# own, and what a phone waits for must be the hospital. Beside the lab's group: inside it they still waited.
PHONES_SHARES, PHONES_WEIGHT = 100 * SHARES, 10_000


@dataclass(frozen=True)
class Hierarchy:
    """One mounted hierarchy and the group new machines are put under."""

    mount: Path
    controllers: frozenset[str]  # empty for v2
    parent: Path

    @property
    def unified(self) -> bool:
        """True for control groups version 2."""
        return not self.controllers


def hierarchies(mounts: str | None = None, membership: str | None = None) -> list[Hierarchy]:
    """The hierarchies of this computer, from ``/proc/self/mounts`` and ``/proc/self/cgroup``."""
    mounts = Path("/proc/self/mounts").read_text() if mounts is None else mounts
    membership = Path("/proc/self/cgroup").read_text() if membership is None else membership
    ours = {}
    for line in membership.splitlines():
        _, names, path = line.split(":", 2)
        ours[frozenset(names.split(",")) if names else frozenset()] = path
    found = {}
    for line in mounts.splitlines():
        _, where, kind, options, *_ = line.split(" ")
        if kind not in ("cgroup", "cgroup2"):
            continue
        controllers: frozenset[str] = frozenset()
        if kind == "cgroup":
            controllers = next((c for c in ours if c and c <= set(options.split(","))), frozenset())
            if not controllers:
                continue
        path = _outside(ours.get(controllers, "/"))
        inherited = "" if path.startswith(MANAGED) or path == "/" or "/.." in path else path[1:]
        found[controllers] = Hierarchy(Path(where), controllers, Path(where, inherited))
    return list(found.values())


def _outside(path: str) -> str:
    """Where a process in one of our own groups was before it joined: a drill that plays the phones powers
    machines on, and they must not share what is the phones'."""
    above = path.split(f"/{_OURS}", maxsplit=1)[0]
    return above or "/"


def _lab_group(lab: str) -> str:
    return f"{_OURS}{lab}"


def _phones_group(lab: str) -> str:
    return f"{_lab_group(lab)}.phones"


def create(lab: str, machine: str) -> list[Path]:
    """Make the groups of a machine that is about to boot; returns the folders a process has to join.

    Of the processor it gets half of what another machine does until :func:`make_equal`.
    Raises LabError when this computer has no control groups that can be written.
    """
    groups = []
    for hierarchy in hierarchies():
        group = hierarchy.parent / _lab_group(lab) / machine
        try:
            group.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LabError(
                f"control group {group}: {error.strerror}: the lab needs to make its own"
            ) from None
        if hierarchy.unified:
            _delegate(group.parent)
            _write(group / "cpu.weight", str(BOOTING_WEIGHT))
        elif "devices" in hierarchy.controllers:
            for device in OUT_OF_REACH:
                _write(group / "devices.deny", device)
        elif "cpuset" in hierarchy.controllers:
            _give_all_cpus(hierarchy.parent, group)
        elif "cpu" in hierarchy.controllers:
            machines = sum(1 for one in group.parent.iterdir() if one.is_dir())
            _write(group.parent / "cpu.shares", str(SHARES * machines))
            _write(group.parent / "cpu.rt_runtime_us", str(URGENT_IN_A_LAB))
            _write(group / "cpu.rt_runtime_us", str(URGENT))
            _write(group / "cpu.shares", str(BOOTING_SHARES))
        groups.append(group)
    if not groups:
        raise LabError("no control groups are mounted at /sys/fs/cgroup: the lab needs them")
    return groups


def make_equal(groups: list[Path]) -> None:
    """Let the machine of ``groups`` have as much of the processor as any other, now that it has booted.

    Where this process may not change that it stays behind the others, whenever they are busy.
    """
    for group in groups:
        for setting, share in (("cpu.shares", SHARES), ("cpu.weight", WEIGHT)):
            if (group / setting).exists():
                _write(group / setting, str(share))


def play_phones(lab: str) -> bool:
    """Let this process, and those it starts, have the processor before the lab's machines.

    False when this computer does not allow it: then a drill's own client waits like everybody else.
    """
    for hierarchy in hierarchies():
        if not (hierarchy.unified or "cpu" in hierarchy.controllers):
            continue
        setting, share = ("cpu.weight", PHONES_WEIGHT) if hierarchy.unified else ("cpu.shares", PHONES_SHARES)
        group = hierarchy.parent / _phones_group(lab)
        with contextlib.suppress(OSError):
            group.mkdir(exist_ok=True)
        if _write(group / setting, str(share)) and _write(group / "cgroup.procs", str(os.getpid())):
            return True
    return False


def joining(groups: list[Path]) -> list[str]:
    """The beginning of a command line whose rest uses the processor as one of ``groups``' machine.

    Empty on version 2: there a group that has groups holds no process itself.
    """
    for group in groups:
        if (group / "cpu.shares").exists():
            return ["sh", "-c", 'echo 0 >"$0" && exec "$@"', str(group / "cgroup.procs")]
    return []


def leaving() -> list[str]:
    """The beginning of a command line whose rest uses the processor as any program of this computer does,
    whichever of our groups the caller is in."""
    for hierarchy in hierarchies():
        if hierarchy.unified or "cpu" in hierarchy.controllers:
            # Who may not leave was not let in either.
            leave = '{ echo 0 >"$0"; } 2>/dev/null; exec "$@"'
            return ["sh", "-c", leave, str(hierarchy.parent / "cgroup.procs")]
    return []


def _delegate(lab_group: Path) -> None:
    """Version 2: hand every controller the lab's group was given on to its machines."""
    for controller in (lab_group / "cgroup.controllers").read_text().split():
        _write(lab_group / "cgroup.subtree_control", f"+{controller}")


def _give_all_cpus(base: Path, group: Path) -> None:
    """Version 1: a new cpuset has no processor and refuses every process until it gets some."""
    for folder in (group.parent, group):
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if not (folder / setting).read_text().strip():
                (folder / setting).write_text((base / setting).read_text())
        _write(folder / "cgroup.clone_children", "1")


def _write(path: Path, text: str) -> bool:
    """Set what the kernel may refuse (a busy or undelegated group); True when it accepted."""
    try:
        path.write_text(text)
    except OSError:
        return False
    return True


def existing(lab: str, machine: str | None = None) -> list[Path]:
    """The groups a lab, or one of its machines, has now."""
    if machine is None:
        return [path for name in (_lab_group(lab), _phones_group(lab)) for path in _existing(name)]
    return [path / machine for path in _existing(_lab_group(lab)) if (path / machine).is_dir()]


def _existing(name: str) -> list[Path]:
    tops = [h.parent / name for h in hierarchies()]
    # Made by a process that lived elsewhere in the tree: find those too.
    for hierarchy in hierarchies():
        if not any(top.is_dir() and top.is_relative_to(hierarchy.mount) for top in tops):
            tops.extend(hierarchy.mount.glob(f"**/{name}"))
    return [path for path in dict.fromkeys(tops) if path.is_dir()]


def processes(groups: list[Path]) -> set[int]:
    """Every process in these groups or below them."""
    found: set[int] = set()
    for group in groups:
        for folder, _, _ in os.walk(group):
            try:
                found.update(int(line) for line in Path(folder, "cgroup.procs").read_text().split())
            except OSError:
                continue  # went away while we looked
    return found - {0}


def destroy(groups: list[Path], *, within: float = 5.0) -> None:
    """End every process in these groups, then remove them.

    Raises LabError when a process or a group is still there after ``within`` seconds.
    """
    deadline = time.monotonic() + within
    _thaw(groups)
    while True:
        for pid in processes(groups):
            send(pid, signal.SIGKILL)
        for group in groups:
            for folder, _, _ in os.walk(group, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    continue  # still has a dying process: the next round gets it
        left = [group for group in groups if group.exists()]
        if not left:
            return
        if time.monotonic() > deadline:
            raise LabError(
                f"control group {left[0]} cannot be removed: {sorted(processes(left))} still in it"
            )
        time.sleep(0.01)


def freeze(groups: list[Path], *, frozen: bool) -> bool:
    """Stop or continue every process of these groups at once; True when it is done.

    Version 2 does it where it is mounted: what version 1 has frozen, version 2 waits for in vain.
    """
    second = [group for group in groups if (group / "cgroup.freeze").exists()]
    first = [group for group in groups if (group / "freezer.state").exists()]
    if second:
        state = str(int(frozen))
        return all(
            _write(group / "cgroup.freeze", state) and _reports(group / "cgroup.events", f"frozen {state}")
            for group in second
        )
    state = "FROZEN" if frozen else "THAWED"
    accepted = [
        _write(group / "freezer.state", state) and _reports(group / "freezer.state", state) for group in first
    ]
    return bool(accepted) and all(accepted)


def frozen(groups: list[Path]) -> bool:
    """Whether the processes of these groups are stopped."""
    return any(
        _reports(group / file, state, within=0)
        for group in groups
        for file, state in (("cgroup.events", "frozen 1"), ("freezer.state", "FROZEN"))
    )


def _thaw(groups: list[Path]) -> None:
    """Continue everything at every depth: on version 1 a frozen process does not even die."""
    for group in groups:
        for folder, _, files in os.walk(group):
            for name, state in (("cgroup.freeze", "0"), ("freezer.state", "THAWED")):
                if name in files:
                    _write(Path(folder, name), state)


def _reports(path: Path, wanted: str, *, within: float = 2.0) -> bool:
    """Wait until the kernel says so: processes stop one after the other."""
    deadline = time.monotonic() + within
    while True:
        try:
            if wanted in path.read_text():
                return True
        except OSError:
            return False
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.002)
