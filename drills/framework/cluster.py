"""The Kubernetes cluster under drill, asked by kubectl on whichever machine still answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_address
from time import monotonic

from components.database_endpoints import CLUSTER, DATABASE, NAMESPACE
from drills.framework.faults import Machine, powered_at
from drills.framework.snapshot import KINDS, Snapshot, parse
from drills.framework.verdict import DrillError
from lab.host import LabError

KUBECONFIG = "--kubeconfig=/etc/kubernetes/admin.conf"
KUBECTL = ("kubectl", KUBECONFIG)
ANSWER_S = 15.0
STREAMS = (
    "select application_name from pg_stat_replication where state = 'streaming' and sync_state <> 'async'"
)
OWNER = "medical_user"


@dataclass(frozen=True)
class Cluster:
    """kubectl, and what it is asked for most.

    machines: all of them, in the order in which their pod networks were cut out of ``pod_network``
    local_api: where every machine's own API server answers; what a machine says needs no other machine's help
    """

    machines: Mapping[str, Machine]
    pod_network: IPv4Network
    local_api: str

    def machine_of_address(self, address: str) -> str:
        """The machine that carries the pod with this address, empty when it is no pod's."""
        try:
            place = int(ip_address(address)) - int(self.pod_network.network_address)
        except ValueError:
            return ""
        names = list(self.machines)
        inside = IPv4Address(address) in self.pod_network and place // 256 < len(names)
        return names[place // 256] if inside else ""

    def kubectl(self, *arguments: str, on: str | None = None, timeout: float = ANSWER_S) -> str:
        """The output of kubectl on the first machine that answers, or on one alone.

        Raises DrillError with the last machine's complaint.
        """
        complaint = "no machine is on"
        settings = [KUBECONFIG, f"--server={self.local_api}", f"--request-timeout={timeout:g}s"]
        command = ["kubectl", *settings, *arguments]
        if arguments[0] == "cnpg":
            command = ["kubectl-cnpg", *arguments[1:], *settings]  # no flag may come before a plugin's name
        for name, machine in self.machines.items():
            if (on and name != on) or not machine.is_running() or machine.is_frozen():
                continue
            try:
                said = machine.run(command, check=False, timeout=timeout + 2)
            except LabError:
                complaint = f"no answer on {name} within {timeout:g} s"
                continue
            if said.returncode == 0:
                return said.stdout
            complaint = (said.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise DrillError(f"kubectl {' '.join(arguments[:3])}: {complaint}")

    def snapshot(self) -> Snapshot:
        """The cluster now; raises DrillError when no API server answers."""
        return parse(json.loads(self.kubectl("get", ",".join(KINDS), "--all-namespaces", "--output=json")))

    def psql(self, statement: str, instance: str | None = None, database: str = DATABASE) -> str:
        """The answer of one instance, of the primary by default, as superuser through its own socket."""
        where = instance or self.snapshot().primary
        if not where:
            raise DrillError(f"the cluster {CLUSTER} has no primary")
        pod = ("--namespace", NAMESPACE, where, "--container", "postgres")
        quiet = ("psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAtd", database, "-c", statement)
        return self.kubectl("exec", *pod, "--", *quiet, timeout=30)

    def _powered(self) -> dict[str, float]:
        """Since when each machine is on; those that are off are missing."""
        times = {name: powered_at(machine) for name, machine in self.machines.items()}
        return {name: at for name, at in times.items() if at is not None}

    def complaints(self) -> list[str]:
        """What is wrong now: nodes, pods, quorum, and above all what is not replicated."""
        try:
            now = self.snapshot()
            if found := now.complaints(self._powered()):
                return found
            streaming = set(self.psql(STREAMS, now.primary).split())
        except (DrillError, ValueError) as error:
            return [str(error)]
        return [f"{name} does not stream synchronously" for name in now.standbys if name not in streaming]

    async def until(self, what: str, holds: Callable[[Snapshot], bool], within: float) -> Snapshot:
        """Ask again until ``holds``; raises DrillError after ``within`` seconds."""
        end = monotonic() + within
        while True:
            try:
                now = await asyncio.to_thread(self.snapshot)
                if holds(now):
                    return now
            except DrillError:
                if monotonic() > end:
                    raise
            if monotonic() > end:
                raise DrillError(f"{what}: not within {within:g} s")
            await asyncio.sleep(0.5)
