"""One machine of the hospital: what it has, where it answers, and how a Mac is shared out."""

from ipaddress import IPv4Address
from typing import Literal

from pydantic import BaseModel, ConfigDict

from infra.config.units import Address, Amount, HostKey, Interface, MachineName, Port, UserName


class Frozen(BaseModel):
    """A value: no unknown key, no change after it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Hardware(Frozen):
    """What one machine has. The defaults are a Mac Studio M3 Ultra as the hospital buys it."""

    performance_cores: Amount = 24
    efficiency_cores: Amount = 8
    gpu_cores: Amount = 80
    neural_engine_cores: Amount = 32
    memory_gb: Amount = 512
    storage_tb: Amount = 8

    @property
    def cpu_cores(self) -> int:
        """Performance and efficiency cores together."""
        return self.performance_cores + self.efficiency_cores


class Ssh(Frozen):
    """The one door to a machine. Without ``host_key`` a preview works and an update is refused."""

    user: UserName = "admin"
    port: Port = 22
    host_key: HostKey | None = None


class Guest(Frozen):
    """The Debian guest of a Mac: a bridged Lima VM with its own address on the LAN."""

    address: Address
    interface: Interface = "lima0"


class Node(Frozen):
    """One machine of the hospital."""

    role: Literal["primary", "secondary", "witness"]
    platform: Literal["macos", "linux"]
    address: Address
    zone: MachineName
    interface: Interface = "eth0"
    architecture: Literal["x86_64", "aarch64"] = "x86_64"  # of Linux; a Mac's guest is always aarch64
    guest: Guest | None = None
    hardware: Hardware = Hardware()
    ssh: Ssh = Ssh()

    @property
    def is_mac(self) -> bool:
        """True for the two machines that carry patients' data and models."""
        return self.role != "witness"

    @property
    def debian_address(self) -> IPv4Address:
        """Where this machine's Debian answers: its guest on a Mac, itself elsewhere."""
        return self.guest.address if self.guest else self.address

    @property
    def debian_architecture(self) -> str:
        """What releases for this machine are built for."""
        return "aarch64" if self.guest else self.architecture

    @property
    def debian_interface(self) -> str:
        """The interface that carries :attr:`debian_address`."""
        return self.guest.interface if self.guest else self.interface


class Budget(Frozen):
    """A virtual node's share of one Mac."""

    memory_gb: Amount
    cpu_cores: Amount
    gpu_cores: Amount
    neural_engine_cores: Amount


class Budgets(Frozen):
    """The three virtual nodes of every Mac."""

    ai: Budget = Budget(memory_gb=300, cpu_cores=16, gpu_cores=50, neural_engine_cores=20)
    api: Budget = Budget(memory_gb=100, cpu_cores=8, gpu_cores=15, neural_engine_cores=6)
    data: Budget = Budget(memory_gb=100, cpu_cores=8, gpu_cores=15, neural_engine_cores=6)
