"""Every drill there is. Importing a script registers it."""

from importlib import import_module

from drills.framework.registry import DRILLS, find

SCRIPTS = (
    "clock_step",
    "control_plane_stall",
    "cpu_stress",
    "disk_full",
    "double_fault",
    "fsync_lost",
    "http_failover",
    "kubelet_kill",
    "machine_frozen",
    "one_way_partition",
    "packet_loss",
    "partition",
    "pod_kill",
    "pod_network_stall",
    "postgres_frozen",
    "power_cycle",
    "primary_loss",
    "records_cpu_stress",
    "redis_loss",
    "restore",
    "rolling_restart",
    "secondary_loss",
    "slow_disk",
    "storage_dead",
    "switchover",
    "witness_loss",
    "witness_partition",
)

for script in SCRIPTS:
    import_module(f"drills.{script}")

__all__ = ["DRILLS", "SCRIPTS", "find"]
