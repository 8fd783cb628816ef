"""The floating address survives the loss of whatever answers behind it."""

from functools import partial

from drills.framework import faults
from drills.framework.incidents import HEALTHY_S
from drills.framework.registry import drill
from drills.framework.stage import Stage
from drills.framework.verdict import Budget

RETURN = Budget(rto_s=1.0, address_moves=0)
"""What comes back must cost nothing and take nothing away from the machine that stood in for it."""


@drill("http-failover", budget=Budget(rto_s=5.0, goal_s=1.0), limit_s=300, macs=2)
async def http_failover(stage: Stage) -> None:
    """Steady reads on the floating address while the machine that holds it suffers.

    Its power is cut, and comes back; HAProxy is killed alone; keepalived is killed alone; HAProxy is stopped
    for good, and started again. Every victim is the machine that holds the address at that moment.
    """
    hospital = stage.hospital
    victim = await hospital.bring_address_to_a_mac()
    async with stage.scene("power-cut", victim.name) as scene:
        await scene.strike(partial(faults.cut_power, victim))
        await scene.watch()
    async with stage.scene("power-return", victim.name, RETURN) as scene:
        await scene.strike(partial(faults.power_on, victim))
        await scene.until_healthy(within=HEALTHY_S)
        await scene.watch(at_least=10, within=70)

    for service in ("haproxy", "keepalived"):
        victim = hospital.holder()
        async with stage.scene(f"{service}-killed", victim.name) as scene:
            await scene.strike(partial(faults.kill_service, victim, service))
            await scene.until_healthy(within=30)
            await scene.watch()

    victim = hospital.holder()
    async with stage.scene("haproxy-stopped", victim.name) as scene:
        await scene.strike(partial(faults.stop_service, victim, "haproxy"))
        await scene.watch()
    async with stage.scene("haproxy-started", victim.name, RETURN) as scene:
        await scene.strike(partial(faults.start_service, victim, "haproxy"))
        await scene.until_healthy(within=30)
        await scene.watch()
