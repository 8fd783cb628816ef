"""Faults of the lab's cables beyond a plain partition, as rules on the bridge that goes with the lab.

They live in a table of their own: the lab's partitions and these faults can be healed apart. Clients of the
lab are on the bridge itself, not behind one of its ports, so a rule between ports never touches them.
"""

from dataclasses import dataclass
from itertools import permutations

from lab.hospital import Lab
from lab.host import command
from lab.privilege import as_root

TABLE = """
table bridge drill
delete table bridge drill
"""
RULES = """
table bridge drill {{
    chain forward {{
        type filter hook forward priority 10; policy accept;
        {forward}
    }}
    chain input {{
        type filter hook input priority 10; policy accept;
        {local}
    }}
    chain output {{
        type filter hook output priority 10; policy accept;
        {local_out}
    }}
}}
"""


def rules(forward: list[str], local: list[str] | None = None, local_out: list[str] | None = None) -> str:
    """The whole table, in place of an earlier one; without rules, no table."""
    if not (forward or local or local_out):
        return TABLE
    lines = {"forward": forward, "local": local or [], "local_out": local_out or []}
    return TABLE + RULES.format(**{chain: "\n        ".join(each) for chain, each in lines.items()})


@dataclass
class BridgeLinks:
    """The cables of one running lab; each fault is added to those there are."""

    lab: Lab

    def __post_init__(self) -> None:
        self._forward: list[str] = []
        self._local: list[str] = []
        self._local_out: list[str] = []

    def cut(self, a: str, b: str) -> None:
        """No frame passes between two machines; both still reach everybody else."""
        self.cut_one_way(a, b)
        self.cut_one_way(b, a)

    def cut_one_way(self, sender: str, receiver: str) -> None:
        """What ``sender`` sends does not reach ``receiver``; the other direction works."""
        self._forward.append(f"iifname {self._port(sender)} oifname {self._port(receiver)} drop")
        self._apply()

    def isolate(self, machine: str) -> None:
        """No frame passes between a machine and any other machine or client."""
        port = self._port(machine)
        self._forward += [f"iifname {port} drop", f"oifname {port} drop"]
        self._local.append(f"iifname {port} drop")
        self._local_out.append(f"oifname {port} drop")
        self._apply()

    def lose(self, percent: int) -> None:
        """Every frame between machines is lost with this probability, ARP included."""
        ports = [machine.about.port for machine in self.lab.machines.values()]
        self._forward += [
            f"iifname {one} oifname {other} numgen random mod 100 < {percent} drop"
            for one, other in permutations(ports, 2)
        ]
        self._apply()

    def stall(self, network: str) -> None:
        """No packet from or to an address of ``network`` passes between machines."""
        self._forward += [f"ip saddr {network} drop", f"ip daddr {network} drop"]
        self._apply()

    def heal(self) -> None:
        """Undo all of it."""
        self._forward, self._local, self._local_out = [], [], []
        self._apply()

    def _port(self, machine: str) -> str:
        return self.lab.machine(machine).about.port

    def _apply(self) -> None:
        nft = ["nsenter", f"--net={self.lab.network.path}", "nft", "-f", "-"]
        command(as_root(nft), stdin=rules(self._forward, self._local, self._local_out))
