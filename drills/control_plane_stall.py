"""A known false failover, replayed: the control plane of one machine stalls."""

from functools import partial

from drills.framework import faults
from drills.framework.incidents import for_a_while, primary
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

STALL_S = 28.0
STALLED = ("kubelet", "kube-apiserver")


@drill("control-plane-stall", budget=Budget(rto_s=5.0, promotions=0), limit_s=300, macs=2, workload=wards)
async def control_plane_stall(stage: Stage) -> None:
    """Kubelet and API server of the primary's Mac stop for 28 s; the database must not be moved for that."""
    victim = await primary(stage.hospital)
    await for_a_while(
        stage,
        "control-plane-stall",
        victim.name,
        begin=partial(faults.freeze_processes, victim, *STALLED),
        end=partial(faults.thaw_processes, victim, *STALLED),
        seconds=STALL_S,
    )
