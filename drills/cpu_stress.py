"""A busy machine is not a dead machine."""

import asyncio
import os

from drills.framework.faults import BusyProcessors
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

SECONDS = float(os.environ.get("PRONTUARIO_STRESS_SECONDS", "60"))


@drill("cpu-stress-no-flap", budget=Budget(rto_s=1.0, address_moves=0), limit_s=SECONDS + 120)
async def cpu_stress_no_flap(stage: Stage) -> None:
    """Every core of the computer is busy for a minute: the address stays where it is and reads go on."""
    victim = stage.hospital.holder()
    async with stage.scene("cpu-stress", victim.name) as scene:
        with BusyProcessors(SECONDS + 10) as processors:
            await scene.strike(processors.start)
            await asyncio.sleep(SECONDS)
