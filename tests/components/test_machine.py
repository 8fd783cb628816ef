"""What a machine gets before the hospital's own software comes."""

import pulumi
import pytest

from components.firewall import render_firewall
from components.machine import MachineArgs, MacStudio, Witness
from infra.config.load import read_hospital
from infra.config.model import Hospital
from infra.versions import MACHINE_PACKAGES
from tests.components.conftest import PRIVATE_KEY, Engine, hospital_document

STEPS = {
    "preflight",
    "names",
    "clock",
    "kernel",
    "sshd",
    "account",
    "directories",
    "firewall-unit",
    "firewall-rules",
    "firewall",
    "metrics",
}


def args(hospital: Hospital, name: str = "mac-a") -> MachineArgs:
    return MachineArgs.of(hospital, name, pulumi.Output.secret(PRIVATE_KEY))


@pulumi.runtime.test
async def test_a_mac_and_the_witness_get_the_same_steps(engine: Engine, hospital: Hospital) -> None:
    MacStudio("mac-a", args(hospital, "mac-a"))
    Witness("witness", args(hospital, "witness"))
    await engine.settled()
    for machine in ("mac-a", "witness"):
        children = {one.name for one in engine.of_type("remote:Command") if one.parent == machine}
        assert children == {f"{machine}-{step}" for step in STEPS}


@pulumi.runtime.test
async def test_the_diagram_shows_the_two_kinds_of_machine(engine: Engine, hospital: Hospital) -> None:
    MacStudio("mac-a", args(hospital, "mac-a"))
    Witness("witness", args(hospital, "witness"))
    await engine.settled()
    assert engine.named("mac-a").type == "medical:machine:MacStudio"
    assert engine.named("witness").type == "medical:machine:Witness"


@pulumi.runtime.test
async def test_nothing_happens_on_a_machine_before_it_is_looked_at(
    engine: Engine, hospital: Hospital
) -> None:
    MacStudio("mac-a", args(hospital))
    await engine.settled()
    first = engine.named("mac-a-preflight")
    assert first.depends_on == frozenset()
    assert all(package in first.inputs["stdin"] for package in MACHINE_PACKAGES)
    for step in engine.of_type("remote:Command"):
        assert step is first or leads_to(engine, step.name, "mac-a-preflight"), step.name


@pulumi.runtime.test
async def test_a_machine_bears_its_name_before_anything_that_its_removal_undoes(
    engine: Engine, hospital: Hospital
) -> None:
    MacStudio("mac-a", args(hospital))
    await engine.settled()
    for step in engine.of_type("remote:Command"):
        if "delete" in step.inputs and step.name != "mac-a-names":
            assert leads_to(engine, step.name, "mac-a-names"), step.name


def leads_to(engine: Engine, step: str, earlier: str) -> bool:
    before = engine.named(step).depends_on
    return earlier in before or any(leads_to(engine, one, earlier) for one in before)


@pulumi.runtime.test
async def test_who_waits_for_a_machine_waits_for_every_step(engine: Engine, hospital: Hospital) -> None:
    machine = MacStudio("mac-a", args(hospital))
    options = pulumi.ResourceOptions(depends_on=machine.ready)
    machine.host.script("mac-a-next", apply="true", opts=options)
    await engine.settled()
    for step in STEPS:
        assert leads_to(engine, "mac-a-next", f"mac-a-{step}"), step


@pulumi.runtime.test
async def test_new_rules_are_tried_first_and_confirmed_by_a_later_connection(
    engine: Engine, hospital: Hospital
) -> None:
    MacStudio("mac-a", args(hospital))
    await engine.settled()
    rules, confirmation = engine.named("mac-a-firewall-rules"), engine.named("mac-a-firewall")
    assert 'nft -c -f "$1"' in rules.inputs["stdin"]
    assert "\ntry_rules 22 " in rules.inputs["stdin"]
    assert confirmation.depends_on == {"mac-a-firewall-rules"}
    assert "\nconfirm_rules 22\n" in confirmation.inputs["stdin"]
    text = render_firewall(args(hospital).firewall)
    assert rules.inputs["stdin"].endswith(text)
    assert confirmation.inputs["stdin"].endswith(text), "other rules must be confirmed again"


@pulumi.runtime.test
async def test_machines_know_each_other_without_a_name_server(engine: Engine, hospital: Hospital) -> None:
    MacStudio("mac-a", args(hospital))
    names = (await engine.settled()).named("mac-a-names").inputs["stdin"]
    assert "\n192.168.100.12 witness.prontuario.hospital.internal witness\n" in names
    assert "\n192.168.100.100 prontuario.hospital.internal\n" in names
    assert "\nset_names mac-a\n" in names


@pulumi.runtime.test
async def test_metrics_listen_on_the_lan_address_alone(engine: Engine, hospital: Hospital) -> None:
    MacStudio("mac-b", args(hospital, "mac-b"))
    metrics = (await engine.settled()).named("mac-b-metrics").inputs["stdin"]
    assert "--web.listen-address=192.168.100.11:9100\n" in metrics


@pulumi.runtime.test
async def test_the_door_leads_to_the_guest_of_a_mac(engine: Engine) -> None:
    document = hospital_document("prod")
    for number, name in enumerate(("mac-a", "mac-b")):
        document["nodes"][name] |= {"platform": "macos", "guest": {"address": f"192.168.100.{20 + number}"}}
    machine = MacStudio("mac-a", args(read_hospital(document)))
    await engine.settled()
    assert machine.address == machine.host.address == "192.168.100.20"
    assert engine.named("mac-a-preflight").inputs["connection"]["host"] == "192.168.100.20"
    assert " aarch64 " in engine.named("mac-a-preflight").inputs["stdin"]


@pulumi.runtime.test
async def test_the_administrator_never_locks_himself_out_of_sshd(engine: Engine, hospital: Hospital) -> None:
    MacStudio("mac-a", args(hospital))
    sshd = (await engine.settled()).named("mac-a-sshd").inputs["stdin"]
    assert "\nAllowUsers admin\nPermitRootLogin no\n" in sshd


@pulumi.runtime.test
def test_the_witness_is_not_a_mac(engine: Engine, hospital: Hospital) -> None:
    with pytest.raises(ValueError, match="witness is the witness: build it as Witness"):
        MacStudio("witness", args(hospital, "witness"))
    with pytest.raises(ValueError, match="mac-a is a Mac"):
        Witness("mac-a", args(hospital, "mac-a"))


@pulumi.runtime.test
async def test_every_missing_host_key_is_named_before_a_machine_is_touched(engine: Engine) -> None:
    document = hospital_document()
    for name in ("mac-b", "witness"):
        del document["nodes"][name]["ssh"]
    with pytest.raises(pulumi.RunError) as refusal:
        args(read_hospital(document), "mac-a")
    first, second = str(refusal.value).splitlines()
    assert first.startswith("nodes.mac-b.ssh.host_key is missing")
    assert second.startswith("nodes.witness.ssh.host_key is missing")
    assert (await engine.settled()).of_type("remote:Command") == []


@pulumi.runtime.test
async def test_no_secret_appears_outside_the_connection(engine: Engine, hospital: Hospital) -> None:
    MacStudio("mac-a", args(hospital))
    for step in (await engine.settled()).of_type("remote:Command"):
        assert "connection" in step.secrets
        assert PRIVATE_KEY not in str(
            {key: value for key, value in step.inputs.items() if key != "connection"}
        )
    assert PRIVATE_KEY not in str(engine.messages)
