"""Memory and disk: scarce is degraded, never down."""

from pathlib import Path

import pytest

from app import resources
from app.checks import Reading, Status
from app.settings import Settings


@pytest.mark.parametrize(
    ("available", "status"), [(160, Status.HEALTHY), (150, Status.HEALTHY), (149, Status.DEGRADED)]
)
def test_memory_above_85_percent_is_degraded(tmp_path: Path, available: int, status: Status) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: {available} kB\n")
    assert resources.memory(meminfo, 85).status is status


def test_a_full_disk_is_degraded(tmp_path: Path) -> None:
    assert resources.disk_space(tmp_path, 0.0000001).status is Status.DEGRADED
    assert resources.disk_space(tmp_path, 100).status is Status.HEALTHY


@pytest.mark.asyncio
async def test_the_machine_s_own_checks_never_take_it_out_of_service(tmp_path: Path) -> None:
    checks = resources.machine_checks(Settings(disk_path=str(tmp_path)))
    assert {check.name for check in checks} == {"memory", "disk"}
    assert not any(check.critical for check in checks)
    assert isinstance(await checks[0].run(), Reading)
