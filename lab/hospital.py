"""The virtual hospital as a whole: up, down, broken and healed."""

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lab import cgroups, door, image, keys, nspawn, preflight, sweep
from lab.host import (
    RUNTIME,
    LabError,
    Progress,
    command,
    lab_name,
    locked,
    own_folder,
    runtime_folder,
    state_folder,
    typed,
    write_atomically,
)
from lab.machine import Machine
from lab.network import Network, lan_path
from lab.plan import Plan
from lab.privilege import delegated

if TYPE_CHECKING:
    from infra.config.model import Hospital


@dataclass(frozen=True)
class Lab:
    """One virtual hospital, by name; it may be up, down or half-dead."""

    name: str
    state: Path
    progress: Progress = field(default_factory=Progress)

    @classmethod
    def named(cls, name: str | None = None) -> "Lab":
        """The lab of this name (default: PRONTUARIO_LAB, else "hospital"), whether or not it is up."""
        chosen = lab_name(name)
        return cls(chosen, state_folder(chosen))

    # -- what it consists of -----------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """What this lab was made from.

        Raises LabError when it is not up.
        """
        found = Plan.load(self._plan_file)
        if found is None:
            raise LabError(f"lab {self.name!r} is not up: start it with {typed('up', lab=self.name)}")
        return found

    @property
    def machines(self) -> dict[str, Machine]:
        """The machines by name, in the order of the stack file."""
        plan = self.plan
        return {about.name: Machine(self.name, self.state, plan, about) for about in plan.machines}

    def machine(self, name: str) -> Machine:
        """One machine by name.

        Raises LabError for a name this lab does not have.
        """
        machines = self.machines
        if name not in machines:
            raise LabError(f"lab {self.name!r} has no machine {name!r}: it has {', '.join(machines)}")
        return machines[name]

    @property
    def network(self) -> Network:
        """The lab's LAN."""
        return Network(self.name)

    @property
    def lan_namespace(self) -> Path:
        """The network namespace every client of this lab has to be in."""
        return lan_path(self.name)

    @property
    def door_ports(self) -> dict[str, int]:
        """Ports on 127.0.0.1 that lead to the floating address, by protocol; empty when it is closed."""
        return door.ports(self._door_file, self.lan_namespace)

    @property
    def partitions(self) -> set[frozenset[str]]:
        """The pairs of machines that cannot hear each other."""
        try:
            return {frozenset(pair) for pair in json.loads(self._partition_file.read_text())}
        except (OSError, ValueError):
            return set()

    @property
    def _plan_file(self) -> Path:
        return self.state / "lab.json"

    @property
    def _door_file(self) -> Path:
        return self.state / "door.json"

    @property
    def _runtime(self) -> Path:
        return runtime_folder(self.name)

    @property
    def _partition_file(self) -> Path:
        return self._runtime / "partitions.json"

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Be the only one who changes this lab, and make sure that it is this user's."""
        lock = RUNTIME / f"{self.name}.lock"
        with locked(lock, waiting=f"lab {self.name!r} is being changed by another command: waiting"):
            record = self._runtime / "state"
            elsewhere = record.read_text().strip() if record.exists() else str(self.state)
            if elsewhere != str(self.state):
                raise LabError(
                    f"a lab {self.name!r} already runs from {elsewhere}: "
                    "choose another name with PRONTUARIO_LAB"
                )
            yield
        with contextlib.suppress(OSError):  # another lab lives there
            RUNTIME.rmdir()

    # -- up and down -------------------------------------------------------------------------------

    def up(self, hospital: "Hospital") -> None:
        """Boot what the stack file draws; what runs well stays untouched, what is half-dead is repaired.

        Raises LabError when this computer cannot carry it or the lab was made from another drawing.
        """
        with self._changing():
            plan = self._agree_on_plan(hospital)
            missing = [machine for machine in self._of(plan) if not self._is_whole(machine)]
            if missing or not self.network.is_up():
                built = image.folder(plan.image).is_dir()
                preflight.check(self.progress, machines=len(missing), image_is_built=built)
                if plan.image == image.key():
                    image.ensure(self.progress)
            own_folder(self.state, 0o700)
            own_folder(self.state / "machines")
            for folder in (RUNTIME, self._runtime):
                folder.mkdir(exist_ok=True)
                folder.chmod(0o755)
            (self._runtime / "state").write_text(f"{self.state}\n")
            plan.save(self._plan_file)
            keys.ensure(self.state / "ssh", plan)
            self._power_on_what_is_not_whole(plan)
            self._heal()
            ports = door.ensure(self._door_file, self.lan_namespace, plan.floating)
        self.progress.say(
            f"lab {self.name!r} is up: {plan}; {plan.floating} at 127.0.0.1:{ports['https']} (https)"
        )

    def _agree_on_plan(self, hospital: "Hospital") -> Plan:
        wanted = Plan.of(hospital, image.key())
        recorded = Plan.load(self._plan_file)
        if recorded is None:
            return wanted
        if not recorded.same_drawing(wanted):
            raise LabError(
                f"lab {self.name!r} was made from another drawing ({recorded}): "
                f"{typed('down', lab=self.name)} first, or choose another name with PRONTUARIO_LAB"
            )
        if recorded.image != wanted.image:
            if not image.folder(recorded.image).is_dir():
                raise LabError(
                    f"lab {self.name!r} needs image {recorded.image}, which is gone: "
                    f"{typed('down', lab=self.name)} first"
                )
            self.progress.say(
                f"lab {self.name!r} keeps its older image {recorded.image}: down and up again to renew it"
            )
        return replace(wanted, image=recorded.image)

    def _known_machines(self) -> list[Machine]:
        """The machines of the remembered plan; none when it is lost or damaged."""
        try:
            plan = Plan.load(self._plan_file)
        except LabError:
            return []
        return self._of(plan) if plan else []

    def _of(self, plan: Plan) -> list[Machine]:
        return [Machine(self.name, self.state, plan, about) for about in plan.machines]

    def _is_whole(self, machine: Machine) -> bool:
        return (
            machine.is_running() and machine.disk.is_mounted() and self.network.is_plugged_in(machine.about)
        )

    def _power_on_what_is_not_whole(self, plan: Plan) -> None:
        machines = self._of(plan)
        if not self.network.is_up():
            for machine in machines:
                with machine.switching():
                    machine.power_off()
            self.network.create(plan)
        for machine in machines:
            with machine.switching():
                self._power_on_unless_whole(machine)
        for machine in machines:
            state = machine.wait_ready()
            machine.catch_up()
            if state == "degraded":
                failed = machine.run(["systemctl", "--failed", "--plain", "--no-legend"]).stdout.split()
                self.progress.say(
                    f"{machine.name}: up, but degraded: {failed[0] if failed else 'unknown'} failed"
                )

    def _power_on_unless_whole(self, machine: Machine) -> None:
        if self._is_whole(machine):
            machine.thaw()
            try:
                machine.wait_ready(within=15)
            except LabError as error:
                self.progress.say(f"{error}: cutting its power and booting it again")
                machine.power_off()
        if not self._is_whole(machine):
            self.progress.say(f"{machine.name}: booting")
            machine.power_off()
            machine.power_on()

    @delegated("down")
    def down(self) -> None:
        """Remove everything of this lab: processes, mounts, namespaces, control groups, its state folder.

        The image cache stays. Works on whatever an interrupted command left.
        """
        with self._changing():
            found = self.state.exists() or self._runtime.exists() or self.lan_namespace.exists()
            door.close(self._door_file)
            for machine in self._known_machines():
                with machine.switching():
                    machine.power_off()
            cgroups.destroy(cgroups.existing(self.name))
            sweep.end(sweep.inside(self.lan_namespace) - sweep.ancestors())
            self.network.destroy()
            nspawn.forget(self.name)
            sweep.unmount_below(self.state)
            for folder in (self.state, self._runtime):
                if folder.exists():
                    command(["rm", "-rf", "--one-file-system", str(folder)], timeout=300)
        if found:
            self.progress.say(f"lab {self.name!r} is gone")
            return
        others = ", ".join(f"{name} ({typed('down', lab=name)})" for name in self._others())
        self.progress.say(f"lab {self.name!r} was not up{others and f'; still there: {others}'}")

    def _others(self) -> list[str]:
        """The other labs that are up on this computer, or left something."""
        found = {path.parent.name for path in RUNTIME.glob("*/state")}
        found |= {path.name for path in self.state.parent.glob("*") if path.is_dir()}
        return sorted(found - {self.name})

    # -- faults ------------------------------------------------------------------------------------

    @delegated("partition")
    def partition(self, a: str, b: str) -> None:
        """Let two machines not hear each other; both still reach everybody else.

        Raises LabError for unknown machines, or a machine and itself.
        """
        one, other = self.machine(a), self.machine(b)
        if a == b:
            raise LabError(f"{a} cannot be partitioned from itself: name two machines")
        with self._changing():
            self.network.partition(one.about, other.about)
            self._record_partitions({*self.partitions, frozenset((a, b))})

    @delegated("heal")
    def heal(self) -> None:
        """Let every machine hear every other again."""
        _ = self.plan
        with self._changing():
            self._heal()

    def _heal(self) -> None:
        for pair in self.partitions:
            self.progress.say(f"healing the partition between {' and '.join(sorted(pair))}")
        self.network.heal()
        self._record_partitions(set())

    def _record_partitions(self, pairs: set[frozenset[str]]) -> None:
        write_atomically(self._partition_file, json.dumps(sorted(sorted(pair) for pair in pairs)) + "\n")
