"""What the failure detector gets, as text: its configuration, its units, its rights in the cluster."""

import json

from components.database_endpoints import CLUSTER, NAMESPACE
from infra.config import ports
from infra.config.model import Hospital

ACCOUNT = "prontuario-detector"
CONFIG = "/etc/prontuario/detector.json"
STATE = "/var/lib/prontuario-detector"
IDENTITY = f"{STATE}/identity"
IDENTITY_TOOL = "/usr/local/sbin/prontuario-detector-identity"
COMMAND = "/usr/local/bin/prontuario-detector"
PACKAGES = "/opt/prontuario-detector"
GROUP = "prontuario:detectors"
"""The organisation in every detector's certificate: a group to Kubernetes."""
_WATCHDOG = 20
"""Seconds; longer than the longest freeze that a machine is to survive without a restart, which would make it
look only for ten more seconds."""


def render_config(hospital: Hospital, machine: str, secret: str) -> str:
    """The detector's configuration on ``machine``; ``secret`` is 32 bytes in hexadecimal."""
    about = hospital.detector
    document = {
        "machine": machine,
        "machines": {name: str(node.debian_address) for name, node in hospital.nodes.items()},
        "macs": list(hospital.macs),
        "port": about.port,
        "metrics_port": about.metrics_port,
        # Two listeners that a touch costs nothing: sshd would start a process for each and log it.
        "probes": [about.metrics_port, ports.NODE_EXPORTER],
        "api": [str(hospital.kubernetes.local_api), ports.LOCAL_API],
        "namespace": NAMESPACE,
        "cluster": CLUSTER,
        "identity": IDENTITY,
        "state": STATE,
        "dead": about.dead,
        "secret": secret,
    }
    return json.dumps(document, indent=1) + "\n"


def render_command(package: str) -> str:
    """``prontuario-detector status``, for people on the machine."""
    return f"""\
#!/bin/sh
# Written by Pulumi: what every machine's failure detector sees of the others, and what it decided.
exec /usr/bin/python3 -I -S -B {package} "${{1:-status}}" {CONFIG}
"""


def render_unit(package: str) -> str:
    """The service. It asks for real-time scheduling itself: where a container refuses that it runs without,
    whereas systemd would not start it. The one capability is for that."""
    return f"""\
# Written by Pulumi.
[Unit]
Description=Failure detector
Wants=prontuario-detector-identity.service
After=network.target prontuario-detector-identity.service
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
User={ACCOUNT}
Group={ACCOUNT}
ExecStart=/usr/bin/python3 -I -S -B {package} run {CONFIG}
Restart=always
RestartSec=200ms
TimeoutStartSec=20s
TimeoutStopSec=5s
WatchdogSec={_WATCHDOG}s
StateDirectory=prontuario-detector
StateDirectoryMode=0750
Nice=-15
LimitRTPRIO=10
CPUWeight=10000
OOMScoreAdjust=-900
MemoryMax=64M
MemorySwapMax=0
TasksMax=64
LimitNOFILE=1024
UMask=0027
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_SYS_NICE
AmbientCapabilities=CAP_SYS_NICE
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateTmp=yes
PrivateDevices=yes
InaccessiblePaths=-/etc/kubernetes
RestrictAddressFamilies=AF_INET AF_UNIX
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def render_identity_unit(machine: str) -> str:
    """The step that renews the detector's certificate when it is due, with the cluster's own key here."""
    return f"""\
# Written by Pulumi.
[Unit]
Description=The failure detector's certificate
ConditionPathExists=/etc/kubernetes/pki/ca.key

[Service]
Type=oneshot
ExecStart={IDENTITY_TOOL} {machine} {GROUP} {STATE} {ACCOUNT}
UMask=0077
ProtectSystem=strict
ReadWritePaths=/var/lib
ProtectHome=yes
PrivateTmp=yes
PrivateNetwork=yes
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
"""


IDENTITY_TIMER = """\
# Written by Pulumi.
[Unit]
Description=Renew the failure detector's certificate before it ends

[Timer]
OnCalendar=daily
RandomizedDelaySec=6h
Persistent=true

[Install]
WantedBy=timers.target
"""
