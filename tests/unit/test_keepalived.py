"""keepalived's configuration: what it means, and that keepalived itself accepts it for every hospital."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.haproxy import ALIVE_URL, render_haproxy
from components.keepalived import render_keepalived, render_unit
from infra.config.load import read_stack_file
from infra.config.model import Hospital
from infra.config.rto import Clocks
from lab.image import consumer
from tests.strategies import hospitals

ROOT = Path(__file__).parents[2]
# keepalived wants to see the interface: it is made in the namespace of the test.
ACCEPTS_ALL = """
for file in *.conf; do
    interface=$(sed -n 's/^    interface //p' $file)
    ip link show dev $interface >/dev/null 2>&1 || ip link add name $interface type bridge || exit 1
    unshare --pid --fork keepalived -t -f $file || exit 1
done
"""


def keepalived_reads(**texts: str) -> subprocess.CompletedProcess[str]:
    """The real keepalived of the machines' image on these configurations."""
    return consumer(["sh", "-c", ACCEPTS_ALL], {f"{name}.conf": text for name, text in texts.items()})


def peers(text: str) -> list[str]:
    """Whom the adverts go to."""
    block = re.search(r"unicast_peer \{(.*?)\}", text, re.DOTALL)
    assert block
    return block[1].split()


def number(text: str, keyword: str) -> float:
    """The value of the one line that says ``keyword``."""
    (value,) = re.findall(rf"^    {keyword} (\S+)$", text, re.MULTILINE)
    return float(value)


@pytest.fixture
def lab() -> Hospital:
    """Two Macs and a witness."""
    return read_stack_file(ROOT / "Pulumi.lab.yaml")


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(several=st.lists(hospitals(), min_size=6, max_size=6))
def test_keepalived_accepts_what_is_rendered_for_every_machine_of_every_hospital(
    several: list[Hospital],
) -> None:
    # Starting the reader costs a second, reading a few milliseconds: many hospitals at a time.
    answer = keepalived_reads(
        **{
            f"{index}-{name}": render_keepalived(hospital, name)
            for index, hospital in enumerate(several)
            for name in hospital.nodes
        }
    )
    assert answer.returncode == 0, answer.stderr
    assert "WARNING" not in answer.stderr + answer.stdout


def test_the_reader_of_these_tests_refuses_a_misspelt_keyword(lab: Hospital) -> None:
    answer = keepalived_reads(broken=render_keepalived(lab, "mac-a").replace("priority", "prioity"))
    assert answer.returncode != 0
    assert "prioity" in answer.stderr + answer.stdout


@given(hospital=hospitals())
def test_everybody_tells_everybody_else_and_never_itself(hospital: Hospital) -> None:
    everybody = {str(node.debian_address) for node in hospital.nodes.values()}
    for machine, node in hospital.nodes.items():
        text = render_keepalived(hospital, machine)
        own = str(node.debian_address)
        assert re.findall(r"unicast_src_ip (\S+)", text) == [own]
        assert set(peers(text)) == (everybody - {own} or {"127.0.0.1"})


@given(hospital=hospitals())
def test_everybody_agrees_on_the_address_the_router_and_the_rhythm(hospital: Hospital) -> None:
    texts = {name: render_keepalived(hospital, name) for name in hospital.nodes}
    for name, text in texts.items():
        interface = hospital.nodes[name].debian_interface
        assert f"        {hospital.edge.address}/32 dev {interface}\n" in text
        assert number(text, "virtual_router_id") == hospital.edge.vrrp.router_id
        assert number(text, "advert_int") == pytest.approx(hospital.edge.vrrp.advert)


def test_the_primary_comes_before_the_secondary_and_the_witness_is_last(lab: Hospital) -> None:
    priorities = [number(render_keepalived(lab, name), "priority") for name in ("mac-a", "mac-b", "witness")]
    assert priorities == sorted(priorities, reverse=True)
    assert len(set(priorities)) == 3
    assert max(priorities) < 255


def test_candidates_wait_long_enough_apart_not_to_take_the_address_together(lab: Hospital) -> None:
    advert = lab.edge.vrrp.advert
    waits = [
        3 * advert + (256 - number(render_keepalived(lab, name), "priority")) / 256 * advert
        for name in ("mac-b", "witness")
    ]
    assert waits[1] - waits[0] > 0.03
    assert 1000 * waits[1] < Clocks.of(lab.edge).election


def test_a_machine_that_returns_does_not_take_the_address_back(lab: Hospital) -> None:
    for machine in lab.nodes:
        text = render_keepalived(lab, machine)
        assert "    state BACKUP\n    nopreempt\n" in text


def test_the_address_leaves_a_machine_whose_haproxy_does_not_answer(lab: Hospital) -> None:
    text = render_keepalived(lab, "mac-a")
    (script,) = re.findall(r'script "(.+)"', text)
    assert script.endswith(ALIVE_URL)
    assert "weight" not in text  # a weight would lower the priority, which nopreempt ignores
    address = ALIVE_URL.removeprefix("http://").rstrip("/")
    assert f"    bind {address}\n" in render_haproxy(lab, "mac-a")
    worst = number(text, "interval") * number(text, "fall") + number(text, "timeout")
    assert worst < 5


def test_the_check_runs_without_rights(lab: Hospital) -> None:
    text = render_keepalived(lab, "mac-a")
    assert "script_user nobody nogroup" in text
    assert "enable_script_security" in text


def test_a_killed_keepalived_leaves_no_address_behind(lab: Hospital) -> None:
    unit = render_unit(lab, "witness")
    assert "ExecStopPost=-/usr/sbin/ip address del 192.168.100.100/32 dev eth0\n" in unit
    assert "Restart=always" in unit
    assert "StartLimitIntervalSec=0" in unit
