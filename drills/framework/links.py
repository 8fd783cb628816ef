"""What a drill may do to the cables between machines; in the lab, :class:`lab.links.BridgeLinks` does it."""

from typing import Protocol


class Links(Protocol):
    """Faults of the LAN. All of it may raise LabError; every fault stays until :meth:`heal`."""

    def cut(self, a: str, b: str) -> None:
        """No frame passes between two machines; both still reach everybody else."""

    def cut_one_way(self, sender: str, receiver: str) -> None:
        """What ``sender`` sends does not reach ``receiver``; the other direction works."""

    def isolate(self, machine: str) -> None:
        """No frame passes between a machine and any other machine or client."""

    def lose(self, percent: int) -> None:
        """Every frame between machines is lost with this probability."""

    def stall(self, network: str) -> None:
        """No packet from or to an address of ``network`` (a CIDR) passes between machines."""

    def heal(self) -> None:
        """Undo all of it; fine when nothing was done."""
