"""Where etcd is led from: the witness, the one machine whose loss nobody who uses the records may notice.

etcd elects whoever asks first. Led from a Mac, that Mac's loss costs an election just when the detectors
have something to write; and when the Macs cannot hear each other, the one that does not lead can write
nothing at all, although the witness hears both. Led from the witness, neither happens (ADR 36).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.machine import Machine
from components.remote_script import call

PROGRAM = "/usr/local/sbin/prontuario-etcd-leader"
UNIT = "prontuario-etcd-leader"
_LIBRARY = "kubernetes_units.sh"
_SCRIPT = Path(__file__).with_name("scripts") / "prontuario-etcd-leader.py"
_UNITS = "/etc/systemd/system"

SERVICE = f"""\
# Written by Pulumi.
[Unit]
Description=Lead the cluster's etcd from this machine
ConditionPathExists=/etc/kubernetes/pki/etcd/server.key

[Service]
Type=oneshot
ExecStart={PROGRAM}
TimeoutStartSec=20
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_DAC_OVERRIDE
RestrictAddressFamilies=AF_INET AF_UNIX
"""

TIMER = """\
# Written by Pulumi.
[Unit]
Description=See twice a minute whether this machine leads the cluster's etcd

[Timer]
OnBootSec=30
OnUnitInactiveSec=30
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


@dataclass(frozen=True)
class EtcdLeaderArgs:
    """machine: who is to lead. member: the step after which its etcd is one of the cluster's."""

    machine: Machine
    member: pulumi.Resource


class EtcdLeader(pulumi.ComponentResource):
    """A timer on one machine that takes etcd's leadership there within a minute.

    ready: what to depend on (list of resources)
    """

    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: EtcdLeaderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("medical:cluster:EtcdLeader", name, None, opts)
        host = args.machine.host
        prefix = f"{args.machine.name}-{name}"
        after = pulumi.ResourceOptions(parent=self, depends_on=[args.member])
        placed = [
            host.file(f"{prefix}-program", PROGRAM, _SCRIPT.read_text(), mode="0755", opts=after),
            host.file(
                f"{prefix}-service",
                f"{_UNITS}/{UNIT}.service",
                SERVICE,
                library=_LIBRARY,
                changed="systemctl daemon-reload",
                removed=call("forget_unit", f"{UNIT}.service"),
                opts=after,
            ),
        ]
        timer = host.file(
            f"{prefix}-timer",
            f"{_UNITS}/{UNIT}.timer",
            TIMER,
            library=_LIBRARY,
            changed=call("start_unit", f"{UNIT}.timer"),
            removed=call("forget_unit", f"{UNIT}.timer"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=placed),
        )
        self.ready = [timer]
        self.register_outputs({})
