"""The hospital under drill: its machines, its one address, and whether it is whole."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from drills.framework.client import Door, Phone
from drills.framework.cluster import Cluster
from drills.framework.faults import Machine, power_on, start_service, thaw_processes
from drills.framework.history import Outcome
from drills.framework.inside import Told
from drills.framework.links import Links
from drills.framework.observer import Probe
from drills.framework.records_client import RecordsDoor
from drills.framework.verdict import DrillError
from lab.host import LabError

EDGE_SERVICES = ("haproxy", "keepalived")
MAC_SERVICES = (*EDGE_SERVICES, "prontuario")
ASK_HAPROXY = """
import csv, socket
haproxy = socket.socket(socket.AF_UNIX)
haproxy.connect("/run/haproxy/admin.sock")
haproxy.sendall(b"show stat\\n")
for row in csv.DictReader(haproxy.makefile()):
    if row["# pxname"] == "service" and row["status"].startswith("UP"):
        print(row["svname"])
"""
"""Run inside a machine: prints the servers that its HAProxy would send requests to."""
STOPPABLE = ("postgres", "kubelet", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "manager")
"""Programs that drills stop and must never leave stopped."""
LOOK_EVERY_S = 3.0
"""Between two looks at everything: each is work for a computer that has none to spare."""
PROOFS = 5
"""Right answers in a row that count as health."""


@dataclass(frozen=True)
class Hospital:
    """What a drill may know and touch.

    macs: names of the machines that carry the service, the primary first
    door: the floating address as clients see it
    cluster, records: Kubernetes, and the database as applications see it; None where there is none
    links: the cables between the machines, None where no drill may touch them
    detector: whether failure detectors are deployed
    instances: where each of the database's instances answers, by its name; inside the cluster alone
    """

    machines: Mapping[str, Machine]
    macs: tuple[str, ...]
    door: Door
    service_port: int
    cluster: Cluster | None = None
    records: RecordsDoor | None = None
    links: Links | None = None
    detector: bool = False
    instances: Mapping[str, Told] = field(default_factory=dict)

    def probes(self) -> dict[str, Probe]:
        """One question per machine for the observer."""
        return {name: partial(machine.holds, self.door.address) for name, machine in self.machines.items()}

    def holders(self) -> list[str]:
        """Names of the machines that hold the floating address now."""
        return [name for name, holds in self.probes().items() if holds()]

    def holder(self) -> Machine:
        """The one machine with the floating address; raises DrillError unless there is exactly one."""
        holders = self.holders()
        if len(holders) != 1:
            raise DrillError(
                f"the floating address has {len(holders)} holders ({', '.join(holders) or 'nobody'})"
            )
        return self.machines[holders[0]]

    async def complaints(self) -> list[str]:
        """What is wrong now, one phrase each; empty when the hospital is healthy."""
        with ThreadPoolExecutor(len(self.machines)) as pool:
            loop = asyncio.get_running_loop()
            checks = [loop.run_in_executor(pool, self._complaints_of, name) for name in self.machines]
            found = [complaint for complaints in await asyncio.gather(*checks) for complaint in complaints]
        holders = self.holders()
        if len(holders) != 1:
            found.append(f"the floating address is held by {', '.join(holders) or 'nobody'}")
        if self.cluster and not found:
            found = await asyncio.to_thread(self.cluster.complaints)
        return found or await self._unanswered()

    async def until_healthy(self, within: float) -> list[str]:
        """Wait at most ``within`` seconds; returns the complaints that remain.

        From then on no machine counts as one that just booted.
        """
        end = monotonic() + within
        while (complaints := await self.complaints()) and (left := end - monotonic()) > 0:
            await asyncio.sleep(min(LOOK_EVERY_S, left))
        for machine in self.machines.values():
            machine.catch_up()
        return complaints

    async def restore(self, within: float = 180.0) -> None:
        """Undo whatever a drill did; raises DrillError when the hospital does not become healthy."""
        if self.links:
            await asyncio.to_thread(self.links.heal)
        await asyncio.to_thread(self._raise_everything)
        if complaints := await self.until_healthy(within):
            raise DrillError(f"the hospital stays unhealthy after the drill: {'; '.join(complaints)}")

    async def bring_address_to_a_mac(self, within: float = 10.0) -> Machine:
        """Its holder, after taking the address from the witness when it holds it."""
        end = monotonic() + within
        while self.holder().name not in self.macs:
            if monotonic() > end:
                raise DrillError("the witness keeps the floating address: see its keepalived's log")
            await asyncio.to_thread(self.holder().run, ["systemctl", "restart", "keepalived.service"])
            await asyncio.sleep(3.0)
        return self.holder()

    def _services_of(self, name: str) -> tuple[str, ...]:
        return MAC_SERVICES if name in self.macs else EDGE_SERVICES

    def _complaints_of(self, name: str) -> list[str]:
        machine = self.machines[name]
        if not machine.is_running():
            return [f"{name} is off"]
        if machine.is_frozen():
            return [f"{name} is frozen"]
        services = self._services_of(name)
        try:
            states = machine.run(
                ["systemctl", "is-active", *services], check=False, timeout=10
            ).stdout.split()
            down = [
                f"{name}: {service} is {state}"
                for service, state in zip(services, states, strict=False)
                if state != "active"
            ]
            if len(states) != len(services):
                return [f"{name} is still booting"]
            return down or self._unready(name)
        except LabError:
            return [f"{name} does not answer a command"]

    def _unready(self, name: str) -> list[str]:
        machine = self.machines[name]
        seen = machine.run(["python3", "-c", ASK_HAPROXY], check=False, timeout=10).stdout.split()
        if servers := [server for server in self.macs if server not in seen]:
            return [f"{name}: HAProxy does not see {' and '.join(servers)}"]
        if name not in self.macs:
            return []
        url = f"http://{machine.address}:{self.service_port}/ready"
        ready = machine.run(["curl", "-fsS", "-m", "2", "-o", "/dev/null", url], check=False, timeout=10)
        return [] if ready.returncode == 0 else [f"{name}: the service is not ready"]

    async def _unanswered(self) -> list[str]:
        phone = Phone("health", self.door, keep_alive=False)
        for number in range(PROOFS):
            attempt = await phone.attempt(f"health-{number}", timeout=1.0)
            if attempt.outcome is not Outcome.OK:
                return [f"the floating address {self.door.address} does not answer ({attempt.error})"]
        return []

    def _raise_everything(self) -> None:
        for machine in self.machines.values():
            power_on(machine)
            if machine.is_frozen():
                machine.thaw()
            if self.cluster:
                thaw_processes(machine, *STOPPABLE)
        for name, machine in self.machines.items():
            self._raise_services(name, machine)

    def _raise_services(self, name: str, machine: Machine) -> None:
        end = monotonic() + 30.0
        while True:
            try:
                for service in self._services_of(name):
                    start_service(machine, service)
                return
            except LabError as error:
                if monotonic() > end:
                    raise DrillError(f"{name}: its services do not start: {error}") from error
