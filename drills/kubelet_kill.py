"""A node agent that dies is not a machine that dies."""

from functools import partial

from drills.framework import faults
from drills.framework.incidents import HEALTHY_S, UNDISTURBED, primary
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage


@drill("kubelet-kill", budget=UNDISTURBED, limit_s=300, macs=2, workload=wards)
async def kubelet_kill(stage: Stage) -> None:
    """The kubelet of the primary's Mac is killed; systemd raises it, the database never stops."""
    victim = await primary(stage.hospital)
    async with stage.scene("kubelet-killed", victim.name) as scene:
        await scene.strike(partial(faults.kill_processes, victim, "kubelet"))
        await scene.watch(at_least=20, within=60)
        await scene.until_healthy(within=HEALTHY_S)
