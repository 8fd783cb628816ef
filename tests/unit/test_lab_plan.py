"""A lab is made from the typed configuration, and remembers what it was made from."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from infra.config.model import Edge, Hospital, Institution, Lan
from infra.config.node import Node, Ssh
from lab.host import LabError
from lab.plan import Plan


def hospital(**nodes: Node) -> Hospital:
    gateway = IPv4Address("192.168.100.1")
    return Hospital(
        name="hospital",
        stack="lab",
        domain="prontuario.localhost",
        institution=Institution(name="Hospital Virtual"),
        lan=Lan(network=IPv4Network("192.168.100.0/24"), gateway=gateway, dns=(gateway,), ntp=(gateway,)),
        nodes=nodes,
        edge=Edge(address=IPv4Address("192.168.100.100")),
    )


def linux(address: str, **more: object) -> Node:
    return Node.model_validate(
        {"role": "primary", "platform": "linux", "address": address, "zone": "rack-a", **more}
    )


def test_machines_keep_the_names_addresses_and_order_of_the_stack_file() -> None:
    plan = Plan.of(hospital(b=linux("192.168.100.11"), a=linux("192.168.100.10")), "k")
    assert [(machine.name, machine.address) for machine in plan.machines] == [
        ("b", "192.168.100.11"),
        ("a", "192.168.100.10"),
    ]
    assert (plan.prefix, plan.gateway, plan.floating) == (24, "192.168.100.1", "192.168.100.100")


def test_a_mac_is_refused_by_name() -> None:
    mac = linux("192.168.100.10").model_copy(update={"platform": "macos"})
    with pytest.raises(LabError, match=r"nodes\.mac-a\.platform: macos: .*stack lab or lab-mvp"):
        Plan.of(hospital(**{"mac-a": mac}), "k")


def test_another_ssh_user_is_refused_by_name() -> None:
    node = linux("192.168.100.10").model_copy(update={"ssh": Ssh(user="root")})
    with pytest.raises(LabError, match=r"nodes\.a\.ssh\.user: root"):
        Plan.of(hospital(a=node), "k")


def test_a_plan_is_remembered(tmp_path: Path) -> None:
    plan = Plan.of(hospital(a=linux("192.168.100.10")), "k")
    plan.save(tmp_path / "lab.json")
    assert Plan.load(tmp_path / "lab.json") == plan
    assert Plan.load(tmp_path / "none.json") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"machines": [{"x": 1}]}', "null"])
def test_a_damaged_memory_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "second").mkdir()
    (tmp_path / "second/lab.json").write_text(text)
    with pytest.raises(LabError, match=r"lab\.json is damaged: `\S*python -m lab --lab=second down`"):
        Plan.load(tmp_path / "second/lab.json")


def test_a_newer_image_is_the_same_drawing_and_another_address_is_not() -> None:
    plan = Plan.of(hospital(a=linux("192.168.100.10")), "old")
    assert plan.same_drawing(Plan.of(hospital(a=linux("192.168.100.10")), "new"))
    assert not plan.same_drawing(Plan.of(hospital(a=linux("192.168.100.13")), "old"))
