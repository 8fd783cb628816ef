"""The hospital that a drill breaks, as it waits for it to be whole."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drills.framework.client import Door, trusting
from drills.framework.hospital import Hospital
from tests.unit.drills.pretended import PaperMachine


@dataclass(frozen=True)
class PaperHospital(Hospital):
    """Whole as soon as its complaints have run out."""

    left: list[str] = field(default_factory=list)

    async def complaints(self) -> list[str]:
        """What is still wrong; the machines must not be equal meanwhile."""
        for machine in self.machines.values():
            assert isinstance(machine, PaperMachine)
            assert machine.said == []
        return [self.left.pop()] if self.left else []


@pytest.mark.asyncio
@pytest.mark.parametrize(("wrong", "within"), [([], 1.0), (["mac-b is still booting"], 0.0)])
async def test_a_machine_that_booted_is_an_equal_when_the_waiting_ends(
    authority: Path, wrong: list[str], within: float
) -> None:
    machines = {name: PaperMachine(name) for name in ("mac-a", "mac-b")}
    door = Door("192.168.100.100", "prontuario.localhost", trusting(authority / "ca.pem"))
    hospital = PaperHospital(machines, ("mac-a", "mac-b"), door, 8000, left=list(wrong))
    assert await hospital.until_healthy(within) == wrong
    assert [one.said for one in machines.values()] == [["mac-a: has caught up"], ["mac-b: has caught up"]]
