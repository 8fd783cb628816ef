"""Cables that carry in one direction only."""

from functools import partial
from itertools import permutations

from drills.framework.incidents import for_a_while, links_of
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

SECONDS = 20.0


@drill("one-way-partition", budget=Budget(rto_s=30.0, promotions=0), limit_s=1200, macs=2, workload=wards)
async def one_way_partition(stage: Stage) -> None:
    """For every two machines and each direction: what one sends does not reach the other for 20 s."""
    links = links_of(stage.hospital)
    for sender, receiver in permutations(stage.hospital.machines, 2):
        cut = partial(links.cut_one_way, sender, receiver)
        await for_a_while(stage, f"deaf to {sender}", receiver, begin=cut, end=links.heal, seconds=SECONDS)
