"""A power cut as it really is: what was not synced is gone."""

from concurrent.futures import ThreadPoolExecutor

from drills.disk.cover import faulty_disk
from drills.framework import faults
from drills.framework.incidents import HEALTHY_S
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget


@drill("fsync-lost", budget=Budget(rto_s=HEALTHY_S), limit_s=1200, macs=2, workload=wards)
async def fsync_lost(stage: Stage) -> None:
    """Both Macs lose power, and with it everything the databases wrote and did not sync.

    Only file contents are lost this way, names and folders are not; etcd's disk is an ordinary one.
    """
    first, second = (stage.hospital.machines[name] for name in stage.hospital.macs)

    def cut_and_give_back() -> None:
        for act in (faults.cut_power, faults.power_on):
            with ThreadPoolExecutor(2) as hands:
                list(hands.map(act, (first, second)))

    async with (
        faulty_disk(stage.hospital, first, "lossy"),
        faulty_disk(stage.hospital, second, "lossy"),
        stage.scene("power-cycle", f"{first.name}+{second.name}") as scene,
    ):
        await scene.strike(cut_and_give_back)
        await scene.until_healthy(within=HEALTHY_S)
        await scene.watch(at_least=3)
