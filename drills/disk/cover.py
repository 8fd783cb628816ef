"""Puts a faulty disk under the records' instance of one machine, and takes it away again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from components.database_endpoints import CLUSTER, NAMESPACE
from drills.framework.cluster import Cluster
from drills.framework.faults import Machine
from drills.framework.hospital import Hospital
from drills.framework.placement import cluster_of, move_database
from drills.framework.verdict import DrillError

SOURCES = Path(__file__).parents[2]
PROGRAM = sorted(
    path.relative_to(SOURCES)
    for path in Path(__file__).parent.glob("*.py")
    if path.name != Path(__file__).name
)
"""Delivered as they lie here: the machine's own Python runs them."""
PLACE = "/run/faulty-disk"
UNIT = "faulty-disk"
VOLUMES = "/var/lib/prontuario-volumes"
FOLDER = f"{VOLUMES}/{CLUSTER}"
WHOLE_S = 120.0


@dataclass(frozen=True)
class Disk:
    """The disk under the instance of one machine."""

    machine: Machine

    def fail(self, mode: str) -> None:
        """From now on as :mod:`drills.disk.faulty_disk` describes ``mode``."""
        self.machine.run(["sh", "-c", f"echo {mode} > {PLACE}/mode"])
        self.machine.run(["systemctl", "kill", "--signal=HUP", UNIT], check=False)

    def is_there(self) -> bool:
        """False after a power cut, which takes the cover along and leaves what was synced."""
        return (
            self.machine.is_running()
            and self.machine.run(["mountpoint", "-q", FOLDER], check=False).returncode == 0
        )

    def put(self, mode: str) -> None:
        """Cover the folder; raises LabError when it does not come to that."""
        # The kubelet's own mounts of this folder are its peers: what it unmounts, when a pod ends, would end
        # the cover too, and the next pod would work on the plain disk.
        self.machine.run(["mount", "--make-private", VOLUMES])
        self.machine.run(["mkdir", "-p", f"{PLACE}/{PROGRAM[0].parent}"])
        for path in PROGRAM:
            self.machine.run(["sh", "-c", f"cat > {PLACE}/{path}"], stdin=(SOURCES / path).read_text())
        self.fail(mode)
        run = ["systemd-run", f"--unit={UNIT}", "--collect", "--property=LimitNOFILE=500000"]
        program = ["python3", "-m", "drills.disk.faulty_disk", FOLDER, f"{PLACE}/mode"]
        self.machine.run([*run, f"--working-directory={PLACE}", *program])
        wait = f"for n in $(seq 50); do mountpoint -q {FOLDER} && exit 0; sleep 0.1; done; exit 1"
        self.machine.run(["sh", "-c", wait])

    def is_under_instance(self) -> bool:
        """Whether PostgreSQL's own folder is on the cover."""
        kind = 'stat --file-system --format=%T "/proc/$(pgrep --oldest -x postgres)/cwd"'
        return self.machine.run(["sh", "-c", kind], check=False).stdout.strip().startswith("fuse")

    def take_away(self) -> None:
        """Uncover it; whoever still works on it keeps the cover until he ends."""
        self.machine.run(["umount", "--lazy", FOLDER], check=False)
        self.machine.run(["mount", "--make-shared", VOLUMES], check=False)


@asynccontextmanager
async def faulty_disk(hospital: Hospital, machine: Machine, mode: str = "well") -> AsyncIterator[Disk]:
    """The instance on ``machine`` works on a faulty disk, and is primary; afterwards it does so no more."""
    cluster, disk = cluster_of(hospital), Disk(machine)
    other = next(name for name in hospital.macs if name != machine.name)
    await move_database(cluster, other)
    try:
        await asyncio.to_thread(disk.put, mode)
        await restart_instance(hospital, cluster, machine)
        await move_database(cluster, machine.name)
        await whole(hospital)
        if not await asyncio.to_thread(disk.is_under_instance):
            raise DrillError(f"the instance on {machine.name} does not work on the faulty disk")
        yield disk
    finally:
        if await asyncio.to_thread(disk.is_there):
            await asyncio.to_thread(disk.fail, "well")
            await whole(hospital)
            await move_database(cluster, other)
            await asyncio.to_thread(disk.take_away)
            await restart_instance(hospital, cluster, machine)


async def restart_instance(hospital: Hospital, cluster: Cluster, machine: Machine) -> None:
    """A new pod for the standby on ``machine``, which then sees the folder as it is now."""
    now = await asyncio.to_thread(cluster.snapshot)
    name = next((name for name in now.standbys if now.machine_of(name) == machine.name), None)
    if name is None:
        raise DrillError(f"{machine.name} carries no standby")
    delete = ("delete", "pod", name, "--namespace", NAMESPACE, "--wait=true", "--timeout=60s")
    await asyncio.to_thread(lambda: cluster.kubectl(*delete, timeout=65))
    await whole(hospital)


async def whole(hospital: Hospital) -> None:
    """Wait until nothing is wrong; raises DrillError when something stays wrong."""
    if complaints := await hospital.until_healthy(WHOLE_S):
        raise DrillError(f"not whole with another disk: {'; '.join(complaints)}")
