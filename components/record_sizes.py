"""How much of a Mac the medical records get, and what PostgreSQL makes of it.

The data budget is shared: of the memory the records get half and the cache a quarter; a quarter is left for
what runs beside them: the carrier of backups, and the records of an earlier moment while they are restored.
"""

from dataclasses import dataclass

from infra.config.node import Budget
from infra.config.units import storage_bytes

MEMORY_SHARE = 1 / 2
CPU_SHARE = 3 / 4
_MIB = 2**20


@dataclass(frozen=True)
class Share:
    """What one instance is promised. It cannot have more memory; an idle core is anybody's.

    memory_mb: MB (10^6 bytes). cpu_millis: thousandths of a core.
    """

    memory_mb: int
    cpu_millis: int

    @classmethod
    def of(cls, budget: Budget) -> "Share":
        """The records' share of a Mac's data budget, rounded down so that the shares never exceed it."""
        return cls(
            memory_mb=int(budget.memory_gb * 1000 * MEMORY_SHARE),
            cpu_millis=int(budget.cpu_cores * 1000 * CPU_SHARE),
        )

    @property
    def resources(self) -> dict[str, dict[str, str]]:
        """As a pod asks for it, written as the API server writes it: else every preview sees a change."""
        whole, rest = divmod(self.memory_mb, 1000)
        memory = {"memory": f"{self.memory_mb}M" if rest else f"{whole}G"}
        return {"requests": {**memory, "cpu": f"{self.cpu_millis}m"}, "limits": memory}


def connections(users: int) -> int:
    """One for each user of the service, which pools them anyway, and some for its keepers."""
    return max(100, users + 50)


def memory_settings(share: Share, users: int) -> dict[str, str]:
    """PostgreSQL's memory, from what its container may use."""
    mib = share.memory_mb * 10**6 // _MIB
    most = connections(users)
    return {
        "max_connections": str(most),
        "shared_buffers": f"{mib // 4}MB",
        "effective_cache_size": f"{mib * 3 // 4}MB",
        "maintenance_work_mem": f"{max(16, min(mib // 20, 2048))}MB",
        "work_mem": f"{max(4, min(mib // 4 // most, 64))}MB",
    }


def log_settings(size: str) -> dict[str, str]:
    """How much write-ahead log may lie on a volume of ``size``, whatever a standby that is away would like.

    A standby away for longer than a quarter of the volume's worth of writes is made anew: better than a
    primary that stops because its disk is full. The checkpoints' share bounds how long a crash costs.
    """
    mib = storage_bytes(size) // _MIB
    return {
        "max_wal_size": f"{max(256, min(mib // 8, 4096))}MB",
        "min_wal_size": f"{max(80, min(mib // 16, 1024))}MB",
        "wal_keep_size": f"{max(64, min(mib // 16, 512))}MB",
        "max_slot_wal_keep_size": f"{max(128, mib // 4)}MB",
    }
