"""The hospital's mains fail."""

from concurrent.futures import ThreadPoolExecutor

from drills.framework import faults
from drills.framework.incidents import HEALTHY_S
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget


@drill("power-cycle", budget=Budget(rto_s=HEALTHY_S), limit_s=500, macs=2, workload=wards)
async def power_cycle(stage: Stage) -> None:
    """Both Macs lose power at once and get it back: every acknowledged note is there, all whole in 90 s."""
    macs = [stage.hospital.machines[name] for name in stage.hospital.macs]

    def cut_and_give_back() -> None:
        for act in (faults.cut_power, faults.power_on):
            with ThreadPoolExecutor(len(macs)) as hands:
                list(hands.map(act, macs))

    async with stage.scene("power-cycle", "+".join(mac.name for mac in macs)) as scene:
        await scene.strike(cut_and_give_back)
        await scene.until_healthy(within=HEALTHY_S)
        await scene.watch(at_least=3)
