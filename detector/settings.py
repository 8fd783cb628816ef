"""What a detector is told by its configuration file, or why it cannot start."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector.events import Timing

SECRET_BYTES = 32


class SettingsError(Exception):
    """The file is not what it should be; one line."""


@dataclass(frozen=True)
class Settings:
    """machine, machines: who this is, and where everybody's Debian answers, itself included

    macs: those that may hold a database
    port: heartbeats (UDP); metrics_port: measurements and status (TCP)
    probes: TCP ports that are touched on every machine; any answer is a sign of life
    api: where this machine's own API server answers
    secret: shared by the machines; whoever lacks it cannot make a heartbeat
    identity: folder with ca.crt, client.crt and client.key; state: folder for the history
    """

    machine: str
    machines: Mapping[str, str]
    macs: tuple[str, ...]
    port: int
    metrics_port: int
    probes: tuple[int, ...]
    api: tuple[str, int]
    namespace: str
    cluster: str
    identity: Path
    state: Path
    secret: bytes = field(repr=False)
    timing: Timing = field(default_factory=Timing)
    enabled: bool = True

    @property
    def address(self) -> str:
        """Of this machine."""
        return self.machines[self.machine]

    @property
    def others(self) -> dict[str, str]:
        """The other machines and their addresses."""
        return {name: address for name, address in self.machines.items() if name != self.machine}


def read_settings(path: Path) -> Settings:
    """The settings in a JSON file; raises SettingsError with one line that never shows the secret."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}: deploy the detector again") from None
    except ValueError:
        raise SettingsError(f"{path}: not JSON: deploy the detector again") from None
    try:
        return _settings(document)
    except KeyError as error:
        raise SettingsError(f"{path}: {error.args[0]} is missing: deploy the detector again") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"{path}: {error}: deploy the detector again") from None


def _settings(document: Mapping[str, Any]) -> Settings:
    machines = {str(name): str(ipaddress.IPv4Address(at)) for name, at in document["machines"].items()}
    secret = bytes.fromhex(_secret(document["secret"]))
    settings = Settings(
        machine=document["machine"],
        machines=machines,
        macs=tuple(document["macs"]),
        port=_port(document["port"]),
        metrics_port=_port(document["metrics_port"]),
        probes=tuple(map(_port, document["probes"])),
        api=(str(ipaddress.IPv4Address(document["api"][0])), _port(document["api"][1])),
        namespace=str(document["namespace"]),
        cluster=str(document["cluster"]),
        identity=Path(document["identity"]),
        state=Path(document["state"]),
        secret=secret,
        timing=Timing(dead=float(document["dead"])),
        enabled=document.get("enabled", True) is True,
    )
    if settings.machine not in machines:
        raise ValueError(f"machine {settings.machine} is not among machines")
    if not set(settings.macs) <= set(machines):
        raise ValueError("macs names a machine that is not among machines")
    if len(machines) < 3:
        raise ValueError("fewer than three machines: nobody could agree with anybody")
    if settings.timing.dead <= settings.timing.stall:
        raise ValueError(f"dead {settings.timing.dead:g} s is too short: at least 0.6")
    return settings


def _secret(value: object) -> str:
    if not isinstance(value, str) or len(value) != 2 * SECRET_BYTES:
        raise ValueError(f"secret must be {SECRET_BYTES} bytes in hexadecimal")
    try:
        bytes.fromhex(value)
    except ValueError:
        raise ValueError(f"secret must be {SECRET_BYTES} bytes in hexadecimal") from None
    return value


def _port(value: object) -> int:
    if not isinstance(value, int) or not 1 <= value <= 65535:
        raise ValueError(f"{value} is no port")
    return value
