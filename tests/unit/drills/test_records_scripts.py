"""The records' drills strike where they say they strike, and undo what they did."""

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drills import (
    clock_step,
    control_plane_stall,
    double_fault,
    kubelet_kill,
    machine_frozen,
    one_way_partition,
    packet_loss,
    partition,
    pod_kill,
    pod_network_stall,
    postgres_frozen,
    power_cycle,
    primary_loss,
    secondary_loss,
    switchover,
    witness_loss,
    witness_partition,
)
from drills.catalogue import DRILLS
from drills.clock import wall
from drills.framework import incidents, placement
from drills.framework.faults import Machine
from drills.framework.inside import Lived
from drills.framework.registry import Script
from drills.framework.stage import Stage
from drills.framework.verdict import Budget, DrillError
from tests.unit.drills.pretended import PaperMachine, whole

pytestmark = pytest.mark.asyncio


@dataclass
class PaperLinks:
    """Cables that write down what is done to them."""

    said: list[str]

    def __getattr__(self, fault: str) -> Callable[..., None]:
        return lambda *where: self.said.append(" ".join([fault, *map(str, where)]))


@dataclass
class PaperStage:
    """Writes down every scene and what it does to whom."""

    detector: bool = True
    said: list[str] = field(default_factory=list)
    budgets: dict[str, Budget | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = ("mac-a", "mac-b", "witness")
        machines = {name: PaperMachine(name, said=self.said, answer=self.answer) for name in names}
        from drills.framework.cluster import Cluster
        from tests.unit.drills.pretended import cluster_of_paper

        network = cluster_of_paper().pod_network
        self.hospital = SimpleNamespace(
            machines=machines,
            macs=("mac-a", "mac-b"),
            cluster=Cluster(cast(dict[str, Machine], machines), network, "https://10.254.0.1:6444"),
            links=PaperLinks(self.said),
            detector=self.detector,
            instances={"records-1": "door of records-1"},
            bring_address_to_a_mac=self.nothing,
            until_healthy=self.nothing,
        )

    def answer(self, argv: Sequence[str]) -> str:
        """The API server's, of a whole cluster whose primary is on mac-a."""
        return json.dumps({"items": whole()}) if "get" in argv else ""

    async def nothing(self, *_: Any, **__: Any) -> None:
        """Done, as far as paper goes."""

    @asynccontextmanager
    async def scene(self, fault: str, victim: str, budget: Budget | None = None) -> AsyncIterator[object]:
        self.budgets[f"{fault} on {victim}"] = budget

        async def strike(action: Callable[[], None]) -> None:
            action()

        yield SimpleNamespace(
            strike=strike,
            watch=self.nothing,
            until_healthy=self.nothing,
            phases={},
            broken=[],
            fault_at=100.0,
            workload=None,
        )

    @property
    def deeds(self) -> list[str]:
        """What was done, without what was only asked."""
        return [line for line in self.said if " get " not in line]


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits on paper."""

    async def at_once(_: float) -> None:
        return None

    for module in (incidents, double_fault, partition, clock_step, wall):
        monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=at_once, to_thread=_to_thread))


async def _to_thread(action: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    return action(*arguments, **named)


async def play(script: Script, detector: bool = True) -> PaperStage:
    stage = PaperStage(detector)
    await script(cast(Stage, stage))
    return stage


POWER = {
    secondary_loss.secondary_loss: ["mac-b: power cut", "mac-b: power on"],
    witness_loss.witness_loss: ["witness: power cut", "witness: power on"],
    double_fault.double_fault: [
        "mac-b: power cut",
        "mac-a: power cut",
        "mac-b: power on",
        "mac-a: power on",
    ],
}


@pytest.mark.parametrize("script", POWER, ids=lambda script: script.__name__)
async def test_power_goes_and_returns_where_the_story_says(script: Script) -> None:
    assert (await play(script)).deeds == POWER[script]


async def test_both_macs_go_dark_before_one_has_power_again() -> None:
    deeds = (await play(power_cycle.power_cycle)).deeds
    assert set(deeds[:2]) == {"mac-a: power cut", "mac-b: power cut"}
    assert set(deeds[2:]) == {"mac-a: power on", "mac-b: power on"}


@pytest.mark.parametrize(
    ("script", "stopped"),
    [
        (postgres_frozen.postgres_frozen, ["postgres"]),
        (control_plane_stall.control_plane_stall, ["kubelet", "kube-apiserver"]),
    ],
    ids=["postgres", "control plane"],
)
async def test_what_is_stopped_goes_on(script: Script, stopped: list[str]) -> None:
    deeds = (await play(script)).deeds
    signals = [
        f"mac-a: pkill --signal={sign} --exact {name}" for sign in ("STOP", "CONT") for name in stopped
    ]
    assert deeds == signals


@pytest.mark.parametrize(
    ("script", "faults"),
    [
        (packet_loss.packet_loss, ["lose 20", "heal"]),
        (pod_network_stall.pod_network_stall, ["stall 10.244.0.0/16", "heal"]),
        (witness_partition.witness_partition, ["isolate witness", "heal"]),
    ],
    ids=["loss", "stall", "witness"],
)
async def test_every_cable_is_healed(script: Script, faults: list[str]) -> None:
    assert (await play(script)).deeds == faults


async def test_every_direction_between_every_two_machines_is_cut_once() -> None:
    deeds = (await play(one_way_partition.one_way_partition)).deeds
    assert len({deed for deed in deeds if deed.startswith("cut_one_way")}) == 6
    assert deeds.count("heal") == 6


async def test_each_machine_pauses_three_times_and_goes_on() -> None:
    deeds = (await play(machine_frozen.machine_frozen)).deeds
    pauses = [
        f"{name}: {word}" for name in ("mac-a", "mac-b", "witness") for word in ("frozen", "thawed") * 3
    ]
    assert deeds == pauses


async def test_the_primarys_own_pod_and_kubelet_are_the_victims() -> None:
    assert "delete pod records-1 --namespace medical-data" in (await play(pod_kill.pod_kill)).deeds[0]
    assert (await play(kubelet_kill.kubelet_kill)).deeds == ["mac-a: pkill --signal=KILL --exact kubelet"]


async def test_the_standby_is_asked_to_take_over() -> None:
    deeds = (await play(switchover.switchover)).deeds
    assert "kubectl-cnpg promote records records-2 --namespace medical-data" in deeds[0]


async def test_primary_loss_cuts_the_power_of_the_mac_that_holds_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gathered: list[str] = []

    async def gather(_: object, mac: str) -> None:
        gathered.append(mac)

    placements = iter([{"database": "mac-a", "address": "mac-b"}, {"database": "mac-a", "address": "mac-a"}])
    monkeypatch.setattr(primary_loss, "gather", gather)
    monkeypatch.setattr(primary_loss, "where", lambda _: next(placements))
    stage = await play(primary_loss.primary_loss)
    assert gathered == ["mac-a", "mac-a"]  # the address had moved by itself: arranged anew
    assert stage.deeds == ["mac-a: power cut", "mac-a: power on"]
    assert stage.budgets["power-return on mac-a"] == incidents.RETURN


async def test_settings_alone_are_not_measured_where_detectors_run() -> None:
    with pytest.raises(DrillError, match=r"set detector\.enabled: false"):
        await play(primary_loss.primary_loss_settings)


async def test_the_partition_has_writers_inside_and_says_how_long_they_were_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began: list[tuple[str, object]] = []

    class Inside:
        def __init__(self, machine: Machine, told: object) -> None:
            began.append((machine.name, told))

        def stop(self) -> Lived:
            return Lived((), frozenset(), (), ())

    monkeypatch.setattr(partition, "InsideWriter", Inside)
    assert (await play(partition.partition)).deeds == ["cut mac-a mac-b", "heal", "isolate mac-a", "heal"]
    assert began == [("mac-a", "door of records-1")] * 2


async def test_every_detectors_clock_is_stepped_both_ways_and_the_computers_again_afterwards() -> None:
    stage = await play(clock_step.clock_step)
    steps = [line for line in stage.deeds if "/run/clock-step/ahead" in line and "sed" not in line]
    told = [(line.split(":")[0], line.split("echo ")[1].split(" ")[0]) for line in steps]
    both_ways = [(name, ahead) for name in stage.hospital.machines for ahead in ("3600", "0", "-3600", "0")]
    assert told == [*both_ways, ("witness", "-3600"), ("witness", "0")]
    assert stage.budgets["power-cut on mac-a"] == Budget(rto_s=10.0, goal_s=5.0)
    ends = [line.split(":")[0] for line in stage.deeds if "rm -f /run/systemd/system" in line]
    assert ends == list(stage.hospital.machines)


async def test_a_program_behind_a_stepped_clock_sees_another_time_of_day_and_counts_the_same_seconds(
    tmp_path: Path,
) -> None:
    program, ahead = tmp_path / "program.py", tmp_path / "ahead"
    program.write_text(
        "import sys, time\nfrom datetime import UTC, datetime\n"
        "print(time.time(), datetime.now(UTC).timestamp(), time.monotonic(), *sys.argv[1:])\n"
    )
    ahead.write_text("-3600\n")
    command = [sys.executable, "-I", "-S", str(wall.PROGRAM), str(ahead), str(program), "run"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert [float(one) - time.time() for one in said[:2]] == pytest.approx([-3600, -3600], abs=30)
    assert float(said[2]) == pytest.approx(time.monotonic(), abs=30)
    assert said[3:] == ["run"]


async def test_nothing_gathers_where_there_is_no_cluster() -> None:
    with pytest.raises(DrillError, match="no cluster yet"):
        placement.cluster_of(cast(Any, SimpleNamespace(cluster=None)))


async def test_a_drill_against_false_failovers_forbids_every_promotion() -> None:
    calm = (
        "control-plane-stall",
        "pod-network-stall",
        "packet-loss",
        "one-way-partition",
        "machine-frozen",
        "clock-step",
    )
    assert {DRILLS[name].budget.promotions for name in (*calm, "records-cpu-stress", "double-fault")} == {0}
