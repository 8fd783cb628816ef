"""Who ends an instance of the records that neither works nor dies: nobody else does (ADR 38)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.database_endpoints import CLUSTER, NAMESPACE
from components.machine import Machine
from components.remote_script import call

UNIT = "prontuario-records-watchdog"
PROGRAM = f"/usr/local/sbin/{UNIT}"
_LIBRARY = "kubernetes_units.sh"
_SCRIPT = Path(__file__).with_name("scripts") / f"{UNIT}.py"

# The program's digest is in the unit, so that another program is another unit, and started anew.
SERVICE = f"""\
# Written by Pulumi, for the program {hashlib.sha256(_SCRIPT.read_bytes()).hexdigest()[:16]}.
[Unit]
Description=End an instance of the records that neither works nor dies

[Service]
ExecStart={PROGRAM} {NAMESPACE} {CLUSTER}
Restart=always
RestartSec=1
OOMScoreAdjust=-900
LimitMEMLOCK=infinity
MemoryMax=64M
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateNetwork=yes
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_SYS_PTRACE CAP_KILL CAP_DAC_OVERRIDE CAP_IPC_LOCK
RestrictAddressFamilies=AF_UNIX

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class RecordsWatchdogArgs:
    """machines: those that may carry an instance."""

    machines: Sequence[Machine]


class RecordsWatchdog(pulumi.ComponentResource):
    """A service on every Mac that looks after the instance there, once a second.

    ready: what to depend on (list of resources)
    """

    ready: Sequence[pulumi.Resource]

    def __init__(
        self, name: str, args: RecordsWatchdogArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("medical:data:RecordsWatchdog", name, None, opts)
        self.ready = [self._on(name, machine) for machine in args.machines]
        self.register_outputs({})

    def _on(self, name: str, machine: Machine) -> pulumi.Resource:
        prefix, host = f"{machine.name}-{name}", machine.host
        program = host.file(
            f"{prefix}-program",
            PROGRAM,
            _SCRIPT.read_text(),
            mode="0755",
            opts=pulumi.ResourceOptions(parent=self),
        )
        return host.file(
            f"{prefix}-service",
            f"/etc/systemd/system/{UNIT}.service",
            SERVICE,
            library=_LIBRARY,
            changed=call("start_unit", f"{UNIT}.service"),
            removed=call("forget_unit", f"{UNIT}.service"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[program]),
        )
