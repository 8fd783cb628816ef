"""The machine that carries no patients' data."""

from drills.framework.incidents import UNDISTURBED, machine_lost, witness
from drills.framework.records import wards
from drills.framework.registry import drill
from drills.framework.stage import Stage


@drill("witness-loss", budget=UNDISTURBED, limit_s=300, macs=2, workload=wards)
async def witness_loss(stage: Stage) -> None:
    """The witness loses power: nobody who uses the records notices."""
    await stage.hospital.bring_address_to_a_mac()
    await machine_lost(stage, witness(stage.hospital))
