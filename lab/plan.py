"""What one lab consists of, taken from the typed configuration and remembered beside the lab."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.host import LabError, typed, write_atomically

if TYPE_CHECKING:
    from infra.config.model import Hospital

LAB_USER = "admin"


@dataclass(frozen=True)
class MachinePlan:
    """One machine: its name, where it answers, and its port of the switch."""

    name: str
    address: str
    interface: str
    ssh_port: int
    port: str


@dataclass(frozen=True)
class Plan:
    """The LAN, the floating address and the machines of one lab."""

    stack: str
    prefix: int
    gateway: str
    floating: str
    image: str
    machines: tuple[MachinePlan, ...]

    @classmethod
    def of(cls, hospital: "Hospital", image: str) -> "Plan":
        """Read the drawing.

        Raises LabError for machines the lab cannot be: not Linux, or another SSH user than the image has.
        """
        for name, node in hospital.nodes.items():
            if node.platform != "linux":
                raise LabError(
                    f"nodes.{name}.platform: {node.platform}: the lab boots linux machines only: "
                    "use stack lab or lab-mvp"
                )
            if node.ssh.user != LAB_USER:
                raise LabError(
                    f"nodes.{name}.ssh.user: {node.ssh.user}: the lab's machines only know {LAB_USER!r}"
                )
        return cls(
            stack=hospital.stack,
            prefix=hospital.lan.network.prefixlen,
            gateway=str(hospital.lan.gateway),
            floating=str(hospital.edge.address),
            image=image,
            machines=tuple(
                MachinePlan(
                    name, str(node.debian_address), node.debian_interface, node.ssh.port, f"port{index}"
                )
                for index, (name, node) in enumerate(hospital.nodes.items())
            ),
        )

    def __str__(self) -> str:
        return ", ".join(f"{machine.name} {machine.address}" for machine in self.machines)

    def same_drawing(self, other: "Plan") -> bool:
        """True when both describe the same machines and network, whatever image they boot."""
        return {**asdict(self), "image": ""} == {**asdict(other), "image": ""}

    def save(self, path: Path) -> None:
        """Remember this plan beside the lab."""
        write_atomically(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Plan | None":
        """The remembered plan, or None when there is no lab.

        Raises LabError when the file is damaged.
        """
        try:
            stored = json.loads(path.read_text())
            stored["machines"] = tuple(MachinePlan(**machine) for machine in stored["machines"])
            return cls(**stored)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            raise LabError(
                f"{path} is damaged: {typed('down', lab=path.parent.name)} removes what is left of this lab"
            ) from None
