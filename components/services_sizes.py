"""How many processes of the hospital's own services a Mac runs, and what each may use.

One process is one core of Python, so the API budget's cores decide how many answer clinicians; there is no
autoscaler, because the machines are bought and nothing else may use what is idle of this budget. Each Mac
has enough for all users alone: the moment to start more processes is not the one in which a Mac died.
"""

from dataclasses import dataclass

from app.settings import ServiceRole
from components.record_sizes import connections
from infra.config.model import Hospital

ROLES = (ServiceRole.API, ServiceRole.REALTIME, ServiceRole.WORKER)
"""What runs in the hospital. The emergency role is the cloud's."""
LEAST_MEMORY_MIB = 256
_MOST_PROCESSES = 16
_CPU_SHARE = 1 / 9
"""Of the API budget's cores that is promised; an idle core is anybody's. The three budgets name every core of
a Mac, and what belongs to none of them, the control plane above all, must find some: pods that ask for more
would not start (tests/preview counts)."""
_WEIGHTS = {ServiceRole.API: 8, ServiceRole.REALTIME: 1, ServiceRole.WORKER: 1}
_KEPT_BACK = 50
"""Connections of the records for their keepers: see :func:`components.record_sizes.connections`."""
_MOST_CONNECTIONS = 20


@dataclass(frozen=True)
class ServiceSizes:
    """What every role gets on one Mac.

    processes: by role. memory_mib: of each process, never more. cpu_millis: by role, of each process
    records_connections: of each process at most
    """

    processes: dict[ServiceRole, int]
    memory_mib: int
    cpu_millis: dict[ServiceRole, int]
    records_connections: int

    @classmethod
    def of(cls, hospital: Hospital) -> "ServiceSizes":
        """From the API budget and the services' memory; a pilot on one Mac has one process of each role.

        Every share counts one process more of each role: in a rollout the new one starts before the old ends.
        """
        memory, cores = hospital.service.memory_gb * 1024, hospital.budgets.api.cpu_cores
        others = len(ROLES) - 1
        extra = len(ROLES)
        most = memory // LEAST_MEMORY_MIB - others - extra
        answering = max(1, min(cores - others, most, _MOST_PROCESSES)) if len(hospital.macs) > 1 else 1
        processes = {role: answering if role is ServiceRole.API else 1 for role in ROLES}
        there_at_once = sum(processes.values()) + extra
        weight = sum(_WEIGHTS[role] * (count + 1) for role, count in processes.items())
        unit = cores * 1000 * _CPU_SHARE / weight
        everywhere = there_at_once * len(hospital.macs)
        spare = connections(hospital.service.users) - _KEPT_BACK
        return cls(
            processes=processes,
            memory_mib=memory // there_at_once,
            cpu_millis={role: max(1, int(unit * _WEIGHTS[role])) for role in ROLES},
            # One more is held by the check that asks the records how they are.
            records_connections=max(1, min(_MOST_CONNECTIONS, spare // everywhere - 1)),
        )

    def resources(self, role: ServiceRole) -> dict[str, dict[str, str]]:
        """As a pod asks for it, written as the API server writes it: else every preview sees a change."""
        gib, rest = divmod(self.memory_mib, 1024)
        memory = {"memory": f"{self.memory_mib}Mi" if rest else f"{gib}Gi"}
        cores, millis = divmod(self.cpu_millis[role], 1000)
        cpu = {"cpu": f"{self.cpu_millis[role]}m" if millis else f"{cores}"}
        return {"requests": {**memory, **cpu}, "limits": memory}
