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

from lab.host import LabError, command, lab_name

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


def namespace(lab: str, machine: str = "lan") -> str:
    """The name of a machine's network namespace, or of the LAN's."""
    # A dot cannot be part of a lab's or a machine's name, and "-lan" cannot be a machine's.
    return f"prontuario.{lab}.{machine}" if machine != "lan" else f"prontuario.{lab}.-lan"


def namespace_path(lab: str, machine: str = "lan") -> Path:
    """Where that namespace is mounted."""
    return NAMESPACES / namespace(lab, machine)


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
    lan = identity(namespace_path(name))
    if lan is None:
        raise LabError(f"lab {name!r} is not up: start it with `python -m lab up`")
    if lan != identity(Path("/proc/self/ns/net")):
        raise LabError(
            f"this command would leave by the computer's own network, not by lab {name!r}: "
            "run it as `python -m lab exec -- COMMAND`"
        )


@dataclass(frozen=True)
class Network:
    """The LAN of one lab."""

    lab: str

    @property
    def path(self) -> Path:
        """The LAN's network namespace."""
        return namespace_path(self.lab)

    def ip(self, *argv: str, machine: str = "lan") -> str:
        """Run ``ip`` inside one of the lab's namespaces."""
        return command(["ip", "-n", namespace(self.lab, machine), *argv]).stdout

    def _batch(self, machine: str, lines: Iterable[str]) -> None:
        command(["ip", "-n", namespace(self.lab, machine), "-batch", "-"], stdin="\n".join(lines) + "\n")

    def nft(self, rules: str) -> None:
        """Apply nftables rules to the LAN's bridge."""
        command(["nsenter", f"--net={self.path}", "nft", "-f", "-"], stdin=rules)

    def is_up(self) -> bool:
        """True when the LAN's bridge is there."""
        return BRIDGE in self._links()

    def _links(self, machine: str = "lan") -> dict[str, list[str]]:
        """Interfaces and their flags; none when the namespace is gone."""
        if not os.path.ismount(namespace_path(self.lab, machine)):
            return {}
        listed = json.loads(self.ip("-j", "link", machine=machine) or "[]")
        return {link["ifname"]: link["flags"] for link in listed}

    def create(self, plan: "Plan") -> None:
        """Make the LAN: loopback, and a bridge that carries the gateway's address and leads nowhere."""
        self._new_namespace("lan")
        self._batch(
            "lan",
            [
                "link set lo up",
                f"link add {BRIDGE} type bridge forward_delay 0",
                f"addr add {plan.gateway}/{plan.prefix} dev {BRIDGE}",
                f"link set {BRIDGE} up",
            ],
        )
        # A new namespace may inherit the computer's own forwarding.
        script = 'for f in /proc/sys/net/ipv[46]/conf/all/forwarding; do [ ! -w "$f" ] || echo 0 > "$f"; done'
        command(["nsenter", f"--net={self.path}", "sh", "-c", script])
        self.nft(PARTITION_TABLE)

    def _new_namespace(self, machine: str) -> None:
        self._delete_namespace(machine)
        command(["ip", "netns", "add", namespace(self.lab, machine)])

    def _delete_namespace(self, machine: str) -> None:
        path = namespace_path(self.lab, machine)
        if os.path.ismount(path):
            command(["ip", "netns", "del", path.name])
        path.unlink(missing_ok=True)  # a name without a namespace: left by a computer that lost its power

    def plug_in(self, plan: "Plan", machine: "MachinePlan") -> None:
        """A fresh network card for a machine that is about to boot, its cable already in the switch."""
        self.unplug(machine)
        self._new_namespace(machine.name)  # until the machine is in it: see release()
        octets = ":".join(f"{int(part):02x}" for part in machine.address.split("."))
        self._batch(
            "lan",
            [
                f"link add {machine.port} type veth peer name {machine.interface} "
                f"address 02:00:{octets} netns {namespace(self.lab, machine.name)}",
                f"link set {machine.port} master {BRIDGE} alias {machine.name}",
                f"link set {machine.port} up",
            ],
        )
        self._batch(
            machine.name,
            [
                "link set lo up",
                f"addr add {machine.address}/{plan.prefix} brd + dev {machine.interface}",
                f"link set {machine.interface} up",
                f"route add default via {plan.gateway}",
            ],
        )

    def release(self, machine: "MachinePlan") -> None:
        """Leave the card to the machine alone: its last process takes card and addresses along."""
        self._delete_namespace(machine.name)

    def unplug(self, machine: "MachinePlan") -> None:
        """Remove a machine's network card and everything configured on it."""
        self._delete_namespace(machine.name)
        # The kernel takes the cable away by itself, a moment after the machine's last process.
        for _ in range(200):
            if machine.port not in self._links():
                return
            command(["ip", "-n", namespace(self.lab), "link", "del", machine.port], check=False)
        raise LabError(f"{machine.port} of lab {self.lab!r} cannot be unplugged")

    def link_down(self, machine: "MachinePlan") -> None:
        """Pull the cable: from now on the others see silence."""
        self.ip("link", "set", machine.port, "down")

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
            self._delete_namespace(path.name.rpartition(".")[2].removeprefix("-"))
