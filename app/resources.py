"""The machine's own resources as checks: memory and disk. Scarce is degraded, never down."""

import re
import shutil
from pathlib import Path

from app.checks import Check, Reading, Status, blocking
from app.settings import Settings

_MEMORY = Path("/proc/meminfo")


def machine_checks(settings: Settings) -> tuple[Check, ...]:
    """The checks every machine has."""
    disk = Path(settings.disk_path)
    return (
        Check("memory", blocking(lambda: memory(_MEMORY, settings.memory_degraded_percent))),
        Check("disk", blocking(lambda: disk_space(disk, settings.disk_degraded_percent))),
    )


def memory(meminfo: Path, degraded_percent: float) -> Reading:
    """Memory that programs cannot get any more, in percent, from a file like ``/proc/meminfo``."""
    kilobytes = {
        name: int(amount)
        for name, amount in re.findall(r"^(MemTotal|MemAvailable):\s+(\d+) kB$", meminfo.read_text(), re.M)
    }
    return _usage(100 * (1 - kilobytes["MemAvailable"] / kilobytes["MemTotal"]), degraded_percent)


def disk_space(path: Path, degraded_percent: float) -> Reading:
    """Space in use on the file system of ``path``, in percent."""
    usage = shutil.disk_usage(path)
    return _usage(100 * (1 - usage.free / usage.total), degraded_percent)


def _usage(percent: float, limit: float) -> Reading:
    status = Status.DEGRADED if percent > limit else Status.HEALTHY
    return Reading(status, f"{percent:.1f} % used, limit {limit:g} %")
