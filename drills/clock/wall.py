"""Gives the failure detector of one machine a clock on the wall that a drill may step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from components.detector_files import COMMAND
from drills.framework.faults import Machine
from drills.framework.hospital import Hospital
from drills.framework.verdict import DrillError
from lab.host import LabError

PROGRAM = Path(__file__).with_name("stepped.py")
PLACE = "/run/clock-step"
UNIT = "prontuario-detector"
OVERRIDE = f"/run/systemd/system/{UNIT}.service.d"
WHOLE_S = 60.0

# The unit's own command, behind the program that steps the clock for it.
_PUT = f"""set -e
umask 022
mkdir -p {PLACE} {OVERRIDE}
cat >{PLACE}/stepped.py
echo 0 >{PLACE}/ahead
python='/usr/bin/python3 -I -S -B'
own=$(sed -n "s#^ExecStart=$python ##p" /etc/systemd/system/{UNIT}.service)
[ -n "$own" ]
printf '[Service]\\nExecStart=\\nExecStart=%s {PLACE}/stepped.py {PLACE}/ahead %s\\n' "$python" "$own" \\
    >{OVERRIDE}/clock-step.conf
systemctl daemon-reload
systemctl restart {UNIT}
"""
# The running program asks for its clock until it has ended.
_TAKE_AWAY = f"""set -e
rm -f {OVERRIDE}/clock-step.conf
systemctl daemon-reload
systemctl restart {UNIT}
rm -rf {PLACE}
"""


@dataclass(frozen=True)
class WallClock:
    """The clock of the detector on one machine."""

    machine: Machine

    def put(self) -> None:
        """From now on it can be stepped; raises LabError when the detector does not start with it."""
        self.machine.run(["sh", "-c", _PUT], stdin=PROGRAM.read_text())

    def step(self, ahead: float) -> None:
        """``ahead`` seconds from the computer's, at once."""
        write = f"umask 022; echo {ahead:g} >{PLACE}/next && mv {PLACE}/next {PLACE}/ahead"
        self.machine.run(["sh", "-c", write])

    def await_acquaintance(self) -> None:
        """Until the detector has known the others for long enough to judge; LabError when it does not."""
        wait = f"for n in $(seq 60); do {COMMAND} known >/dev/null 2>&1 && exit 0; sleep 0.5; done; exit 1"
        self.machine.run(["sh", "-c", wait], timeout=60)

    def take_away(self) -> None:
        """The computer's again; after a power cut it is that already."""
        if self.machine.is_running() and self._is_there():
            self.machine.run(["sh", "-c", _TAKE_AWAY])

    def _is_there(self) -> bool:
        return self.machine.run(["test", "-e", PLACE], check=False).returncode == 0


@asynccontextmanager
async def wall_clocks(hospital: Hospital, machines: Iterable[Machine]) -> AsyncIterator[dict[str, WallClock]]:
    """Clocks of these machines' detectors, which know each other again when the block begins.

    What a drill leaves behind that was killed ends with its machine's next boot.
    """
    clocks = {machine.name: WallClock(machine) for machine in machines}
    try:
        for clock in clocks.values():
            await asyncio.to_thread(clock.put)
        for clock in clocks.values():
            await asyncio.to_thread(clock.await_acquaintance)
        if complaints := await hospital.until_healthy(WHOLE_S):
            raise DrillError(f"not whole with other clocks: {'; '.join(complaints)}")
        yield clocks
    finally:
        left = []
        for clock in clocks.values():
            try:
                await asyncio.to_thread(clock.take_away)
            except LabError as error:
                left.append(f"{clock.machine.name}: {error}")
        if left:
            raise DrillError(f"a detector keeps its other clock until its machine boots: {'; '.join(left)}")
