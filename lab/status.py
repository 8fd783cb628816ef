"""How a lab is, for people."""

from lab.hospital import Lab


def table(lab: Lab) -> tuple[list[tuple[str, ...]], bool]:
    """One row per machine, the partitions and the door; and whether all of it is well. Needs no root.

    Raises LabError when the lab is not up.
    """
    plan = lab.plan
    rows: list[tuple[str, ...]] = []
    well = lab.lan_namespace.exists()
    for machine in lab.machines.values():
        running = machine.is_running()
        reachable = running and machine.listens(machine.about.ssh_port)
        frozen = running and machine.is_frozen()
        state = "frozen" if frozen else "running" if reachable else "booting" if running else "off"
        holder = f"holds {plan.floating}" if machine.holds(plan.floating) else ""
        rows.append((machine.name, machine.address, state, holder))
        well = well and reachable and not frozen
    for pair in sorted(sorted(pair) for pair in lab.partitions):
        rows.append(("partition", " | ".join(pair), "", ""))
        well = False
    ports = lab.door_ports
    where = " ".join(f"{name} 127.0.0.1:{port}" for name, port in ports.items()) or "closed"
    rows.append(("door", where, "", ""))
    return rows, well and bool(ports)
