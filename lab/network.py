"""The hospital's LAN: a bridge in a network namespace of its own, with no way out.

Both ends of every cable are created inside our namespaces; the computer's own interfaces, routes and firewall
are never touched, and no packet can reach them.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.host import LabError, command, lab_name, typed

if TYPE_CHECKING:
    from lab.hospital import Lab
    from lab.plan import MachinePlan, Plan

NAMESPACES = Path("/run/netns")
BRIDGE = "lan0"
PARTITION_TABLE = """
table bridge partition
delete table bridge partition
table bridge partition {
    set cut { type ifname . ifname; }
    chain forward {
        type filter hook forward priority 0; policy accept;
        iifname . oifname @cut drop
    }
}
"""


def lan_path(lab: str) -> Path:
    """Where the network namespace of a lab's LAN is mounted."""
    # A dot cannot be part of a lab's or a machine's name, and no machine's name begins with "-".
    return NAMESPACES / f"prontuario.{lab}.-lan"


def machine_path(lab: str, machine: str) -> Path:
    """Where a machine's network namespace is mounted until the machine is in it."""
    return NAMESPACES / f"prontuario.{lab}.{machine}"


def identity(path: Path) -> tuple[int, int] | None:
    """What tells one namespace from another; None when there is none at this path."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def require_inside(lab: "Lab | str | None" = None) -> None:
    """Return only when this process is on the lab's LAN: nothing sent from here can leave by another way.

    Raises LabError otherwise, before a single packet for a lab address was sent.
    """
    name = lab_name(lab) if isinstance(lab, str | None) else lab.name
    lan = identity(lan_path(name))
    if lan is None:
        raise LabError(f"lab {name!r} is not up: start it with {typed('up', lab=name)}")
    if lan != identity(Path("/proc/self/ns/net")):
        raise LabError(
            f"this command would leave by the computer's own network, not by lab {name!r}: "
            f"run it as {typed('exec', '-- COMMAND', lab=name)}"
        )


@dataclass(frozen=True)
class Network:
    """The LAN of one lab."""

    lab: str

    @property
    def path(self) -> Path:
        """The LAN's network namespace."""
        return lan_path(self.lab)

    def _machine_path(self, machine: "MachinePlan") -> Path:
        return machine_path(self.lab, machine.name)

    def _batch(self, namespace: Path, lines: Iterable[str]) -> None:
        command(["ip", "-n", namespace.name, "-batch", "-"], stdin="\n".join(lines) + "\n")

    def nft(self, rules: str) -> None:
        """Apply nftables rules to the LAN's bridge."""
        command(["nsenter", f"--net={self.path}", "nft", "-f", "-"], stdin=rules)

    def is_up(self) -> bool:
        """True when the LAN is whole: its bridge is up, which create() does last."""
        return "UP" in self._links().get(BRIDGE, [])

    def _links(self) -> dict[str, list[str]]:
        """The LAN's interfaces and their flags; none when the namespace is gone."""
        if not os.path.ismount(self.path):
            return {}
        listed = json.loads(command(["ip", "-n", self.path.name, "-j", "link"]).stdout or "[]")
        return {link["ifname"]: link["flags"] for link in listed}

    def create(self, plan: "Plan") -> None:
        """Make the LAN: loopback, and a bridge that carries the gateway's address and leads nowhere."""
        self._new_namespace(self.path)
        self._batch(
            self.path,
            [
                "link set lo up",
                f"link add {BRIDGE} type bridge forward_delay 0",
                f"addr add {plan.gateway}/{plan.prefix} dev {BRIDGE}",
            ],
        )
        # A new namespace may inherit the computer's own forwarding.
        script = 'for f in /proc/sys/net/ipv[46]/conf/all/forwarding; do [ ! -w "$f" ] || echo 0 > "$f"; done'
        command(["nsenter", f"--net={self.path}", "sh", "-c", script])
        # Rules for bridges that are loaded before there is one see no frame.
        self.nft(PARTITION_TABLE)
        self._batch(self.path, [f"link set {BRIDGE} up"])

    def _new_namespace(self, path: Path) -> None:
        self._delete_namespace(path)
        command(["ip", "netns", "add", path.name])

    def _delete_namespace(self, path: Path) -> None:
        if os.path.ismount(path):
            command(["ip", "netns", "del", path.name])
        path.unlink(missing_ok=True)  # a name without a namespace: left by a computer that lost its power

    def plug_in(self, plan: "Plan", machine: "MachinePlan") -> None:
        """A fresh network card for a machine that is about to boot, its cable already in the switch."""
        self.unplug(machine)
        card = self._machine_path(machine)
        self._new_namespace(card)  # until the machine is in it: see release()
        octets = ":".join(f"{int(part):02x}" for part in machine.address.split("."))
        self._batch(
            self.path,
            [
                f"link add {machine.port} type veth peer name {machine.interface} "
                f"address 02:00:{octets} netns {card.name}",
                f"link set {machine.port} master {BRIDGE} alias {machine.name}",
                f"link set {machine.port} up",
            ],
        )
        self._batch(
            card,
            [
                "link set lo up",
                f"addr add {machine.address}/{plan.prefix} brd + dev {machine.interface}",
                f"link set {machine.interface} up",
                f"route add default via {plan.gateway}",
            ],
        )

    def release(self, machine: "MachinePlan") -> None:
        """Leave the card to the machine alone: its last process takes card and addresses along."""
        self._delete_namespace(self._machine_path(machine))

    def unplug(self, machine: "MachinePlan") -> None:
        """Remove a machine's network card and everything configured on it."""
        self._delete_namespace(self._machine_path(machine))
        # The kernel takes the cable away by itself, a moment after the machine's last process.
        for _ in range(200):
            if machine.port not in self._links():
                return
            command(["ip", "-n", self.path.name, "link", "del", machine.port], check=False)
        raise LabError(f"{machine.port} of lab {self.lab!r} cannot be unplugged")

    def link_down(self, machine: "MachinePlan") -> None:
        """Pull the cable: from now on the others see silence."""
        command(["ip", "-n", self.path.name, "link", "set", machine.port, "down"])

    def is_plugged_in(self, machine: "MachinePlan") -> bool:
        """True when the machine's card exists and its cable is in the switch, up."""
        return "LOWER_UP" in self._links().get(machine.port, [])

    def partition(self, a: "MachinePlan", b: "MachinePlan") -> None:
        """Let no frame pass between two machines; both still reach everybody else."""
        pairs = f"{{ {a.port} . {b.port}, {b.port} . {a.port} }}"
        self.nft(f"add element bridge partition cut {pairs}\n")

    def heal(self) -> None:
        """Let every frame pass again."""
        self.nft("flush set bridge partition cut\n")

    def destroy(self) -> None:
        """Remove every namespace of this lab."""
        for path in NAMESPACES.glob(f"prontuario.{self.lab}.*"):
            self._delete_namespace(path)
