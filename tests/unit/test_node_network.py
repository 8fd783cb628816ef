"""How pods of different machines reach each other, for any hospital."""

import json
from ipaddress import IPv4Network
from itertools import combinations

from hypothesis import given, settings

from components.node_network import UNIT_PATH, pod_network, render_conflist, render_network_unit
from infra.config.model import Hospital
from lab.image import consumer
from tests.strategies import hospitals
from tests.unit.stack_files import hospital_of

LAB = hospital_of("lab")


def commands(unit: str, kind: str) -> list[list[str]]:
    """The ip commands of one kind of line, without the path of ip."""
    lines = [line.partition("=")[2].lstrip("-") for line in unit.splitlines() if line.startswith(f"{kind}=")]
    return [line.split()[1:] for line in lines]


def routes(hospital: Hospital, machine: str) -> dict[IPv4Network, str]:
    """Where ``machine`` sends packets for pods elsewhere: network -> gateway."""
    up = commands(render_network_unit(hospital, machine), "ExecStart")
    return {
        IPv4Network(words[2]): words[4]
        for words in up
        if words[:2] == ["route", "replace"] and "via" in words
    }


@settings(max_examples=40, deadline=None)
@given(hospital=hospitals())
def test_every_machine_has_pods_of_its_own_and_knows_the_way_to_all_others(hospital: Hospital) -> None:
    own = {name: pod_network(hospital, name) for name in hospital.nodes}
    assert all(network.subnet_of(hospital.kubernetes.pod_network) for network in own.values())
    assert not any(one.overlaps(other) for one, other in combinations(own.values(), 2))
    for name in hospital.nodes:
        assert routes(hospital, name) == {
            own[other]: str(node.debian_address) for other, node in hospital.nodes.items() if other != name
        }


def test_pods_get_addresses_of_their_machine_which_a_power_cut_frees() -> None:
    (plugin,) = json.loads(render_conflist(LAB, "mac-b"))["plugins"]
    assert plugin["ipam"]["ranges"] == [[{"subnet": "10.244.1.0/24"}]]
    assert plugin["ipam"]["dataDir"].startswith("/run/")


def test_everybody_sees_the_pod_that_asks_and_not_its_machine() -> None:
    (plugin,) = json.loads(render_conflist(LAB, "mac-a"))["plugins"]
    assert plugin["ipMasq"] is False


def test_a_packet_for_a_pod_that_is_gone_does_not_leave_the_machine() -> None:
    up = commands(render_network_unit(LAB, "mac-a"), "ExecStart")
    assert ["route", "replace", "unreachable", "10.244.0.0/24", "metric", "4096"] in up


def test_every_machine_answers_at_the_local_address_of_the_api() -> None:
    for machine in LAB.nodes:
        up = commands(render_network_unit(LAB, machine), "ExecStart")
        assert ["address", "replace", f"{LAB.kubernetes.local_api}/32", "dev", "lo"] in up


def test_stopping_takes_back_all_that_starting_made() -> None:
    unit = render_network_unit(LAB, "witness")
    made = {words[2] if words[2] != "unreachable" else words[3] for words in commands(unit, "ExecStart")}
    gone = {words[2] if words[2] != "unreachable" else words[3] for words in commands(unit, "ExecStop")}
    assert made == gone


def test_systemd_reads_the_unit_and_orders_it_before_the_kubelet() -> None:
    done = consumer(
        ["systemd-analyze", "verify", "--man=no", UNIT_PATH], {UNIT_PATH: render_network_unit(LAB, "mac-a")}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Before=containerd.service kubelet.service" in render_network_unit(LAB, "mac-a")


def test_the_kernel_takes_the_commands_twice_and_gives_all_back() -> None:
    unit = render_network_unit(LAB, "mac-a")
    lines = [line.partition("=")[2].lstrip("-") for line in unit.splitlines() if line.startswith("ExecSt")]
    up = [line for line in lines if " replace " in line]
    down = [line for line in lines if " delete " in line]
    lan = [
        "ip link set lo up",
        "ip link add lan type veth peer name far",
        "ip address add 192.168.100.10/24 dev lan",
        "ip link set far up",
        "ip link set lan up",
    ]
    look = "ip -4 route show table all type unicast; ip -4 route show type unreachable; ip -4 address show lo"
    script = "\n".join(["set -e", *lan, "before=$(" + look + ")", *up, *up, look, "echo ---", *down])
    script += f'\n[ "$before" = "$({look})" ]'
    done = consumer(["sh", "-c", script], {})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10.244.1.0/24 via 192.168.100.11" in done.stdout
    assert "unreachable 10.244.0.0/24" in done.stdout
    assert "10.254.0.1/32" in done.stdout
