"""A witness that nobody hears."""

from dataclasses import replace
from functools import partial

from drills.framework.incidents import UNDISTURBED, for_a_while, links_of, witness
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage

SECONDS = 30.0


ALONE = replace(UNDISTURBED, address_moves=1)
"""Hearing nobody, the witness takes the address on its own side of the cut, where nobody can ask for it."""


@drill("witness-partition", budget=ALONE, limit_s=300, macs=2, workload=wards)
async def witness_partition(stage: Stage) -> None:
    """The witness's cable is cut while it lives: it must neither disturb anybody nor decide anything."""
    await stage.hospital.bring_address_to_a_mac()
    links, victim = links_of(stage.hospital), witness(stage.hospital)
    isolate = partial(links.isolate, victim.name)
    await for_a_while(stage, "witness-isolated", victim.name, begin=isolate, end=links.heal, seconds=SECONDS)
