"""A bad cable."""

from functools import partial

from drills.framework.incidents import for_a_while, links_of
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

PERCENT = 20
SECONDS = 60.0


@drill("packet-loss", budget=Budget(rto_s=10.0, promotions=0), limit_s=400, macs=2, workload=wards)
async def packet_loss(stage: Stage) -> None:
    """Every fifth frame between the machines is lost for a minute: slow, but nobody is declared dead."""
    links, everybody = links_of(stage.hospital), "+".join(stage.hospital.machines)
    await for_a_while(
        stage, "packet-loss", everybody, begin=partial(links.lose, PERCENT), end=links.heal, seconds=SECONDS
    )
