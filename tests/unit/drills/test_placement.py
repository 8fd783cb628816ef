"""Leaders move as after a fault, and everybody who was stopped for it goes on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from drills.framework import placement
from drills.framework.cluster import Cluster
from drills.framework.inside import lived
from drills.framework.placement import move_leader
from drills.framework.verdict import DrillError
from lab.links import rules
from tests.unit.drills.pretended import PaperMachine, cluster_of_paper, lease, whole


class Control:
    """An API server whose lease goes to the only candidate that is not stopped."""

    def __init__(self, obedient: bool = True) -> None:
        self.items = whole()
        self.obedient = obedient
        self.said: list[str] = []
        self.machines = {
            name: PaperMachine(name, said=self.said, answer=self.answer)
            for name in ("mac-a", "mac-b", "witness")
        }
        self.cluster: Cluster = replace(cluster_of_paper(), machines=self.machines)

    def answer(self, argv: Sequence[str]) -> str:
        if "patch" in argv and self.obedient:
            self.items = [one for one in self.items if one["metadata"]["name"] != "kube-scheduler"]
            self.items.append(lease("kube-system", "kube-scheduler", "mac-a_new"))
        return json.dumps({"items": self.items}) if "get" in argv else ""

    @property
    def signals(self) -> list[str]:
        return [line for line in self.said if "pkill" in line]


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_: float) -> None:
        return None

    async def to_thread(action: Callable[..., Any], *arguments: Any) -> Any:
        return action(*arguments)

    monkeypatch.setattr(placement, "asyncio", SimpleNamespace(sleep=at_once, to_thread=to_thread))


@pytest.mark.asyncio
async def test_the_others_are_stopped_while_one_takes_the_lead_and_then_go_on() -> None:
    control = Control()
    await move_leader(control.cluster, "scheduler", "mac-a")
    others = ("mac-b", "witness")
    assert control.signals == [
        f"{name}: pkill --signal={sign} --exact kube-scheduler"
        for sign in ("STOP", "CONT")
        for name in others
    ]
    freed = next(line for line in control.said if "patch lease kube-scheduler" in line)
    assert '"holderIdentity": ""' in freed


@pytest.mark.asyncio
async def test_who_leads_already_is_left_alone() -> None:
    control = Control()
    await move_leader(control.cluster, "controller-manager", "mac-b")
    assert control.signals == []


@pytest.mark.asyncio
async def test_a_candidate_that_does_not_lead_is_said_and_nobody_stays_stopped() -> None:
    control = Control(obedient=False)
    with pytest.raises(DrillError, match="the scheduler on mac-a does not take the lead"):
        await move_leader(control.cluster, "scheduler", "mac-a", within=0.05)
    assert [line for line in control.signals if "CONT" in line][-2:] == [
        "mac-b: pkill --signal=CONT --exact kube-scheduler",
        "witness: pkill --signal=CONT --exact kube-scheduler",
    ]


def test_a_healed_bridge_has_no_rule_left() -> None:
    assert rules([]).split("\n") == ["", "table bridge drill", "delete table bridge drill", ""]
    assert "iifname a oifname b drop" in rules(["iifname a oifname b drop"])


def test_what_an_inside_writer_lived_through_is_read_from_its_lines() -> None:
    ack = {"id": "n1", "started_at": 1.0, "at": 1.1, "server": "10.244.0.2", "timeline": 3}
    lines = [
        {"id": "n1", "at": 1.2, "error": "", "ack": ack, "doubtful": False, "read": True},
        {"id": "n2", "at": 4.0, "error": "timeout", "ack": None, "doubtful": True, "read": True},
        {"id": "n3", "at": 9.0, "error": "refused", "ack": None, "doubtful": False, "read": False},
    ]
    found = lived([*map(json.dumps, lines), '{"id": "to'])
    assert [one.timeline for one in found.acks] == [3]
    assert found.doubtful == {"n2"}
    assert (found.reads, found.closed) == ((1.2, 4.0), (9.0,))
