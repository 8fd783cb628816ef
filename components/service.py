"""The medical service on both Macs: an immutable release under systemd, switched one machine at a time."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import pulumi

from app.release import Part, Release, ReleaseError, find_release, plan_release
from app.settings import ServiceRole
from components.machine import Machine
from components.services_stores import Stores
from infra.config import ports
from infra.config.model import Hospital
from infra.config.rto import Clocks

_TOOL = Path(__file__).with_name("scripts") / "prontuario-release.sh"
_TOOL_PATH = "/usr/local/bin/prontuario-release"
_SETTINGS_PATH = "/etc/prontuario/service.env"
_UNIT_PATH = "/etc/systemd/system/prontuario.service"
_CREDENTIALS_PATH = "/etc/prontuario/service"
_UNIT = "prontuario.service"
_FILES = ("authority", "records-password", "cache-password")
"""Of the credentials; the object store lets in pods alone."""

_FINISH = 10
"""Seconds that requests in flight have once the service no longer accepts new ones."""

_LONGEST_DRAIN = 30.0
"""Seconds; an edge slower than this finds the door closed and takes the other Mac."""

SWITCH_TIMEOUT = 240
"""Seconds for one machine: twice (the new release, and back) a drain, a start and the wait for ``/ready``."""


@dataclass(frozen=True)
class MedicalServiceArgs:
    """``release`` to run on ``machines`` (the Macs of ``hospital``); with ``stores`` it uses them."""

    hospital: Hospital
    machines: Sequence[Machine]
    release: Release
    stores: Stores | None = None

    @property
    def drain(self) -> float:
        """Seconds in which a stopping service still answers: longer than the edge needs to notice."""
        return min(Clocks.of(self.hospital.edge).detection / 1000 + 0.3, _LONGEST_DRAIN)


class MedicalService(pulumi.ComponentResource):
    """The service of every Mac, on its own address, behind the edge.

    The secondary gets a release first and the primary only when that one serves: a release that does not
    start never reaches both. The machine returns to the release before; the update then fails with one line.

    release: the id of the release that serves (str)
    port: where it answers on each machine (int)
    serving: per machine name, the step after which it serves (dict of resources)
    """

    def __init__(
        self, name: str, args: MedicalServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("medical:app:MedicalService", name, None, opts)
        self.release = args.release.id
        self.port = args.hospital.service.port
        self.serving: dict[str, pulumi.Resource] = {}
        for machine in sorted(args.machines, key=lambda one: one.node.role == "primary"):
            earlier = list(self.serving.values())
            self.serving[machine.name] = self._deploy(name, args, machine, earlier)
        self.register_outputs({"release": self.release, "port": self.port})

    def _deploy(
        self,
        name: str,
        args: MedicalServiceArgs,
        machine: Machine,
        earlier: list[pulumi.Resource],
    ) -> pulumi.Resource:
        host, release = machine.host, args.release
        known = args.stores.credentials if args.stores else {}
        credentials = {file: known[file] for file in _FILES if file in known}
        settings = render_settings(args, machine.name, machine.address)
        unit = render_unit(args.hospital.service.memory_gb, args.drain, list(credentials))
        # Not below a directory of the service's own user: root unpacks it.
        archive = f"/opt/prontuario/incoming/{release.id}.tar.gz"
        upload = host.upload(
            f"{machine.name}-{name}-release",
            str(release.path if release.sha256 else _TOOL),  # in a preview any file stands for an unbuilt one
            release.sha256,
            archive,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(machine.ready)),
        )
        # Configuration waits for the earlier machine too: one mistake must not be in force on both.
        stores = [*args.stores.records.ready, *args.stores.cache.ready] if args.stores else []
        configured = pulumi.ResourceOptions(parent=self, depends_on=[*machine.ready, *stores, *earlier])
        reload = "systemctl daemon-reload"
        files = [
            *self._credentials(name, machine, credentials, configured),
            host.file(
                f"{machine.name}-{name}-switch", _TOOL_PATH, _TOOL.read_text(), mode="0755", opts=configured
            ),
            host.file(f"{machine.name}-{name}-settings", _SETTINGS_PATH, settings, opts=configured),
            host.file(
                f"{machine.name}-{name}-unit",
                _UNIT_PATH,
                unit,
                check='systemd-analyze verify --man=no "$1"',
                changed=reload,
                removed=reload,
                opts=configured,
            ),
        ]
        return host.script(
            f"{machine.name}-{name}",
            apply=render_switch(release.id, archive, settings, unit),
            remove=_REMOVE,
            timeout=SWITCH_TIMEOUT,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[upload, *files]),
        )

    def _credentials(
        self,
        name: str,
        machine: Machine,
        credentials: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions,
    ) -> list[pulumi.Resource]:
        """One file each, root's alone; systemd shows them to the service, which reads them when it starts."""
        restart = f"if systemctl is-active --quiet {_UNIT}; then systemctl restart {_UNIT}; fi"
        return [
            machine.host.file(
                f"{machine.name}-{name}-{file}",
                f"{_CREDENTIALS_PATH}/{file}",
                content,
                mode="0600",
                changed=restart,
                opts=opts,
            )
            for file, content in credentials.items()
        ]


def release_for(arch: str) -> Release:
    """The release to deploy. A preview needs only its name; unbuilt is pulumi.RunError in an update."""
    try:
        return find_release(arch, part=Part.PLAIN)
    except ReleaseError as error:
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(str(error)) from None
        pulumi.log.warn(f"{error} (a preview works without, an update does not)")
        return plan_release(arch, part=Part.PLAIN)


def render_settings(args: MedicalServiceArgs, machine: str, address: str) -> str:
    """The service's environment file; read back by :class:`app.settings.Settings`."""
    hospital = args.hospital
    values: dict[str, object] = {
        "ROLE": ServiceRole.PLAIN,
        "MACHINE": machine,
        "ADDRESS": address,
        "PORT": hospital.service.port,
        "DRAIN": f"{args.drain:g}",
        "FINISH": _FINISH,
    }
    if args.stores:
        copies = len(hospital.macs) - 1
        values |= {
            "RECORDS_ADDRESS": hospital.edge.address,
            "RECORDS_PORT": ports.RECORDS,
            "RECORDS_STANDBYS": copies,
            "CACHE_SENTINELS": " ".join(args.stores.cache.sentinels),
            "CACHE_NAME": args.stores.cache.name,
            "CACHE_REPLICAS": copies,
        }
    return "".join(f"PRONTUARIO_{key}={value}\n" for key, value in values.items())


def render_switch(release: str, archive: str, settings: str, unit: str) -> str:
    """The shell step that makes ``release`` serve, with a hash of what the process reads when it starts."""
    read_at_start = hashlib.sha256((settings + unit).encode()).hexdigest()
    return (
        f"# started with settings and unit {read_at_start}\n"
        f'said=$(prontuario-release install {quote(archive)} {quote(release)} 2>&1) || die "$said"\n'
        f'said=$(prontuario-release activate {quote(release)} 2>&1) || die "$said"\n'
        'echo "$said"\n'
    )


_REMOVE = """\
systemctl disable --quiet --now prontuario.service 2>/dev/null || true
[ ! -d /opt/prontuario ] || chmod -R u+w /opt/prontuario
rm -rf /opt/prontuario
"""


def render_unit(memory_gb: int, drain: float, credentials: Sequence[str] = ()) -> str:
    """The systemd unit: restarted for ever, watched, and able to reach nothing it does not need.

    credentials: files that it and nobody else may read, copied for it by systemd when it starts
    """
    stop = drain + _FINISH + 5
    load = "".join(f"LoadCredential={file}:{_CREDENTIALS_PATH}/{file}\n" for file in credentials)
    return f"""\
# Written by Pulumi; the release is switched by prontuario-release.
[Unit]
Description=Medical service
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
User=prontuario
Group=prontuario
EnvironmentFile={_SETTINGS_PATH}
{load}ExecStart=/usr/bin/python3 -I -S -B /opt/prontuario/current
Restart=always
RestartSec=200ms
TimeoutStartSec=30s
TimeoutStopSec={stop:g}s
Nice=-5
CPUWeight=1000
KillMode=mixed
WatchdogSec=30s
MemoryMax={memory_gb}G
TasksMax=256
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
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
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""
