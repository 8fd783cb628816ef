"""The firewall of any hospital, read by the nft of the machines' own image."""

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.firewall import Firewall, firewall_for, render_firewall
from infra.config.model import Hospital, Kubernetes
from lab.image import consumer
from tests.strategies import hospitals

LAN = IPv4Network("192.168.100.0/24")
AIR_GAPPED = Firewall(
    management=(LAN,),
    clinic=LAN,
    machines=tuple(IPv4Address(f"192.168.100.{number}") for number in (10, 11, 12)),
    floating=IPv4Address("192.168.100.100"),
    cluster=Kubernetes(),
    ssh_port=22,
    public_ports=(80, 443),
    management_ports=(8404,),
    floating_ports=(6443, 5432),
    machine_ports=(9100, 8000, 6444, 2379, 2380, 10250, 9778),
    machine_datagrams=(9777,),
    asked_by_the_edge=(5432, 8000),
    egress=(LAN,),
    name_servers=(IPv4Address("192.168.100.1"),),
    time_servers=(IPv4Address("192.168.100.1"),),
)


def chain(text: str, name: str) -> list[str]:
    """The rules of one chain, its policy first."""
    body = re.search(rf"chain {name} {{\n(.*?)\n    }}", text, re.DOTALL)
    assert body
    return [line.strip() for line in body[1].splitlines()]


@st.composite
def machines(draw: st.DrawFn) -> tuple[Hospital, str]:
    hospital = draw(hospitals())
    return hospital, draw(st.sampled_from(sorted(hospital.nodes)))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machine=machines())
def test_nft_accepts_the_firewall_of_any_hospital(machine: tuple[Hospital, str]) -> None:
    hospital, name = machine
    text = render_firewall(firewall_for(hospital, name))
    result = consumer(["nft", "-c", "-f", "firewall.nft"], {"firewall.nft": text})
    assert result.returncode == 0, result.stderr


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machine=machines())
def test_ssh_from_the_lan_is_let_in_before_anything_is_dropped(machine: tuple[Hospital, str]) -> None:
    hospital, name = machine
    text = render_firewall(firewall_for(hospital, name))
    rules = chain(text, "input")
    ssh = rules.index(f"tcp dport {hospital.nodes[name].ssh.port} ip saddr @management accept")
    assert ssh == 2
    assert rules[1] == "ct state established,related accept"
    assert str(hospital.lan.network) in text.split("set management")[1].split("}")[0] + "}"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machine=machines())
def test_nothing_leaves_an_air_gapped_machine_but_for_the_lan(machine: tuple[Hospital, str]) -> None:
    hospital, name = machine
    policy, *rules = chain(render_firewall(firewall_for(hospital, name)), "output")
    if hospital.cloud.mode != "disabled":
        assert policy.endswith("policy accept;")
        assert [rule for rule in rules if not rule.endswith("drop")] == []
        return
    assert policy.endswith("policy drop;")
    assert rules[-1] == "counter reject with icmpx admin-prohibited"
    reached = {IPv4Network(word) for rule in rules for word in re.findall(r"[\d.]{7,}(?:/\d+)?", rule)}
    known = {IPv4Network(address) for address in (*hospital.lan.dns, *hospital.lan.ntp)}
    cluster = hospital.kubernetes
    own = {cluster.pod_network, cluster.service_network, IPv4Network(cluster.local_api)}
    assert reached == {hospital.lan.network, *own, *known}
    by_address = [rule for rule in rules if "ip daddr" in rule]
    assert [rule for rule in by_address if "dport" not in rule and rule.endswith("accept")] == [
        f"ip daddr {{ {hospital.lan.network} }} accept",
        f"ip daddr {{ {cluster.pod_network}, {cluster.service_network}, {cluster.local_api} }} accept",
    ]


def test_what_is_not_named_is_dropped() -> None:
    text = render_firewall(AIR_GAPPED)
    assert "policy drop;" in chain(text, "input")[0]
    assert "policy drop;" in chain(text, "forward")[0]


def test_only_machines_speak_vrrp_and_see_the_service_the_metrics_and_the_cluster() -> None:
    rules = chain(render_firewall(AIR_GAPPED), "input")
    assert "ip saddr @machines ip protocol 112 accept" in rules
    assert "tcp dport { 9100, 8000, 6444, 2379, 2380, 10250, 9778 } ip saddr @machines accept" in rules
    assert "udp dport { 9777 } ip saddr @machines accept" in rules
    for port in ("9100", "2379", "2380", "10250", "9777", "9778"):
        assert not [rule for rule in rules if port in rule and "@machines" not in rule]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machine=machines())
def test_every_hospitals_detector_is_heard_by_its_machines(machine: tuple[Hospital, str]) -> None:
    hospital, name = machine
    firewall = firewall_for(hospital, name)
    assert firewall.machine_datagrams == (hospital.detector.port,)
    assert hospital.detector.metrics_port in firewall.machine_ports


def test_the_records_and_the_api_answer_at_the_floating_address_alone() -> None:
    for rule in chain(render_firewall(AIR_GAPPED), "input"):
        if "5432" in rule or "6443" in rule:
            assert re.search(r"ip daddr 192\.168\.100\.100 ip saddr (@ma|10\.244\.0\.0/16)", rule)


def test_a_pod_reaches_nothing_on_a_machine_but_its_api_server_and_the_records_at_their_one_address() -> None:
    rules = [rule for rule in chain(render_firewall(AIR_GAPPED), "input") if "10.244.0.0/16" in rule]
    assert rules == [
        "tcp dport 6444 ip daddr 10.254.0.1 ip saddr 10.244.0.0/16 accept",
        "tcp dport 5432 ip daddr 192.168.100.100 ip saddr 10.244.0.0/16 accept",
    ]


def test_nothing_passes_through_that_the_network_policies_did_not_mark() -> None:
    policy, errors, established, unmarked, *rest = chain(render_firewall(AIR_GAPPED), "forward")
    # Behind the policy engine, which looks at priority 0: its verdict must have been spoken.
    assert policy == "type filter hook forward priority filter + 10; policy drop;"
    assert errors.endswith("drop")
    assert established == "ct state established,related accept"
    assert unmarked == "meta mark & 0x20000 == 0 counter drop"
    assert rest == [
        "ip saddr 10.244.0.0/16 ip daddr 10.244.0.0/16 accept",
        "ip saddr @machines ip daddr 10.244.0.0/16 accept",
        "ip saddr 10.244.0.0/16 ip daddr 192.168.100.100 tcp dport 5432 accept",
        "counter",
    ]


def test_every_accepted_packet_has_a_known_source() -> None:
    for rule in chain(render_firewall(AIR_GAPPED), "input"):
        if rule.endswith("accept") and rule not in ("ct state established,related accept", "iif lo accept"):
            assert "ip saddr" in rule


def test_a_reload_replaces_our_table_and_no_other() -> None:
    text = render_firewall(AIR_GAPPED)
    assert text.startswith("table inet prontuario\ndelete table inet prontuario\n")
    assert "flush" not in text


def test_the_cloud_opens_the_way_out_and_no_way_in() -> None:
    closed, opened = render_firewall(AIR_GAPPED), render_firewall(replace(AIR_GAPPED, egress=None))
    policy, *rules = chain(opened, "output")
    assert policy == "type filter hook output priority filter; policy accept;"
    assert all(rule.endswith("drop") and "destination-unreachable" in rule for rule in rules)
    assert chain(opened, "input") == chain(closed, "input")


def test_overlapping_management_networks_are_one_set() -> None:
    rules = render_firewall(replace(AIR_GAPPED, management=(LAN, IPv4Network("192.168.0.0/16"))))
    assert consumer(["nft", "-c", "-f", "firewall.nft"], {"firewall.nft": rules}).returncode == 0


def test_pods_reach_the_identity_provider_and_it_sees_a_machine() -> None:
    asking = replace(AIR_GAPPED, provider=(IPv4Address("192.168.100.30"), 8443))
    text = render_firewall(asking)
    packet = "ip saddr 10.244.0.0/16 ip daddr 192.168.100.30 tcp dport 8443"
    forward = chain(text, "forward")
    assert f"{packet} accept" in forward
    assert forward.index(f"{packet} accept") > next(
        place for place, rule in enumerate(forward) if rule.startswith("meta mark")
    )
    assert chain(text, "outside")[1:] == [f"{packet} masquerade"]
    assert "masquerade" not in render_firewall(AIR_GAPPED)
