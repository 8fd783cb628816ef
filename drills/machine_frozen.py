"""A machine that pauses, as one under memory pressure or a hypervisor does."""

from drills.framework.incidents import for_a_while
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

SECONDS = (1.0, 3.0, 10.0)


@drill("machine-frozen", budget=Budget(rto_s=15.0, promotions=0), limit_s=1200, macs=2, workload=wards)
async def machine_frozen(stage: Stage) -> None:
    """Each machine in turn stops for 1, 3 and 10 s and goes on: nobody is promoted for that."""
    for name, machine in stage.hospital.machines.items():
        for seconds in SECONDS:
            await for_a_while(
                stage, f"frozen-{seconds:g}s", name, begin=machine.freeze, end=machine.thaw, seconds=seconds
            )
