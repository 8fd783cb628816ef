"""The firewall as packets meet it: the machines' own nft and kernel, three small networks, no real one.

The machine is mac-a. Beside it on the LAN are a clinician's device (192.168.100.50) and mac-b; behind it is a
pod (10.244.0.5). A rule of ours plays the policy engine, which marks what it lets through. The identity
provider (192.168.100.30) finds no way to a pod's own address.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from components.firewall import POLICY_MARK, firewall_for, render_firewall
from infra.config.load import read_stack_file
from lab.image import consumer

ROOT = Path(__file__).parents[2]
STAGE = f"""
set -e
ip link set lo up
for name in lan pod; do
    unshare --net sleep 100 > asleep 2>&1 &
    eval $name=$!
    until [ $(readlink /proc/$!/ns/net) != $(readlink /proc/self/ns/net) ]; do sleep 0.1; done
done
ip link add eth0 type veth peer name eth0 netns $lan
ip link add cali0 type veth peer name eth0 netns $pod
ip address add 192.168.100.10/24 dev eth0
ip address add 192.168.100.100/32 dev eth0
ip address add 10.254.0.1/32 dev lo
ip link set eth0 up
ip link set cali0 up
ip address add 10.244.0.1/32 dev cali0
ip route add 10.244.0.5 dev cali0
ip route add unreachable 10.244.0.0/24 metric 4096
ip route add default via 192.168.100.50
echo 1 > /proc/sys/net/ipv4/ip_forward
in_lan="nsenter --net=/proc/$lan/ns/net" in_pod="nsenter --net=/proc/$pod/ns/net"
$in_lan ip link set lo up
$in_lan ip address add 192.168.100.50/24 dev eth0
$in_lan ip address add 192.168.100.11/24 dev eth0
$in_lan ip address add 192.168.100.30/24 dev eth0
$in_lan ip rule add from 192.168.100.30 to 10.244.0.0/16 blackhole
$in_lan ip link set eth0 up
$in_lan ip route add 10.244.0.0/24 via 192.168.100.10
$in_lan ip route add 10.254.0.1 via 192.168.100.10
ip route add 10.244.2.0/24 via 192.168.100.11
$in_pod ip link set lo up
$in_pod ip address add 10.244.0.5/32 dev eth0
$in_pod ip link set eth0 up
$in_pod ip route add 10.244.0.1 dev eth0
$in_pod ip route add default via 10.244.0.1
nft -f firewall.nft
servers=""
serve() {{ "$@" > serving 2>&1 & servers="$servers $!"; }}
serve python3 serve.py 22 443 2379 5432 6443 6444 8404 9778 9999 10250
serve $in_lan python3 serve.py 80 5432 6443 8443
serve $in_pod python3 serve.py 6379
until ss -Hltn | grep -q :10250 && $in_lan ss -Hltn | grep -q :80 && $in_pod ss -Hltn | grep -q :6379
do sleep 0.1; done
look() {{
    $in_lan python3 reach.py 192.168.100.50 192.168.100.10:22 192.168.100.10:443 192.168.100.10:5432 \\
        192.168.100.10:6444 192.168.100.10:9999 192.168.100.100:5432 192.168.100.100:6443 \\
        10.254.0.1:6444 10.244.0.5:6379 10.244.0.9:6379
    $in_lan python3 reach.py 192.168.100.11 192.168.100.10:2379 192.168.100.10:6444 192.168.100.10:10250 \\
        192.168.100.10:9778 192.168.100.10:9999 10.244.0.5:6379 10.244.0.9:6379
    $in_pod python3 reach.py 10.244.0.5 10.254.0.1:6444 10.254.0.1:2379 192.168.100.10:6444 \\
        192.168.100.10:22 192.168.100.50:80 192.168.100.100:5432 192.168.100.100:6443 \\
        10.244.2.9:5432 10.244.2.9:6379 10.244.2.9:26379 192.168.100.30:8443 192.168.100.50:8443
    python3 reach.py 10.244.0.1 10.244.0.5:6379
    python3 reach.py 192.168.100.10 10.96.0.7:443 10.96.0.7:5432 10.96.0.7:8000
    $in_pod python3 reach.py 10.244.0.5 10.244.0.1:10250
    python3 reach.py 192.168.100.10 10.244.0.5:6379 192.168.100.50:80 198.51.100.1:80
}}
look > unmarked
nft add table inet engine
nft add chain inet engine forward '{{ type filter hook forward priority filter; }}'
nft add rule inet engine forward meta mark set meta mark or {POLICY_MARK:#x}
nft add rule inet engine forward ip daddr 10.244.2.9 reject with icmp port-unreachable
nft add chain inet engine output '{{ type filter hook output priority -110; }}'
nft add rule inet engine output ip daddr 10.96.0.7 reject with icmp port-unreachable
look > marked
ip address delete 192.168.100.100/32 dev eth0
$in_lan ip address add 192.168.100.100/32 dev eth0
look > moved
said() {{ echo "\\"$1\\": {{$(cat $1) \\"\\": 0}}"; }}
echo "{{$(said unmarked), $(said marked), $(said moved)}}"
kill $lan $pod $servers
"""
SERVE = """
import socket, sys, threading, time
def accept(listener):
    while True:
        listener.accept()[0].close()
for port in sys.argv[1:]:
    listener = socket.create_server(("0.0.0.0", int(port)))
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
time.sleep(90)
"""
REACH = """
import concurrent.futures, socket, sys
source, *places = sys.argv[1:]
def reach(place):
    address, port = place.split(":")
    try:
        socket.create_connection((address, int(port)), timeout=0.8, source_address=(source, 0)).close()
    except TimeoutError:
        return "silent"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "unreachable"
    return "open"
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    for place, found in zip(places, pool.map(reach, places)):
        print(f'"{source} {place}": "{found}",')
"""
CLINIC, MAC_B, POD, MAC_A = "192.168.100.50", "192.168.100.11", "10.244.0.5", "192.168.100.10"
GATEWAY, ABSENT_POD, REFUSED_POD = "10.244.0.1", "10.244.0.9", "10.244.2.9"
SERVED_BY_NOBODY = "10.96.0.7"
FLOATING, LOCAL_API = "192.168.100.100", "10.254.0.1"
PROVIDER = "192.168.100.30"


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Mapping[str, str]]:
    """Who reaches what: without the policy engine's mark, with it, with the floating address elsewhere."""
    hospital = read_stack_file(ROOT / "Pulumi.lab.yaml")
    provider = (IPv4Address(PROVIDER), 8443)
    firewall = replace(firewall_for(hospital, "mac-a"), egress=(hospital.lan.network,), provider=provider)
    files = {"firewall.nft": render_firewall(firewall), "serve.py": SERVE, "reach.py": REACH}
    answer = consumer(["sh", "-c", STAGE], files, timeout=90)
    assert answer.returncode == 0, answer.stderr
    found: Mapping[str, Mapping[str, str]] = json.loads(answer.stdout)
    return found


def test_a_clinicians_device_reaches_the_public_ports_and_none_of_the_clusters(
    seen: Mapping[str, Mapping[str, str]],
) -> None:
    found = seen["marked"]
    assert found[f"{CLINIC} {MAC_A}:443"] == "open"
    for place in (f"{MAC_A}:6444", f"{MAC_A}:9999", f"{LOCAL_API}:6444", f"{POD}:6379"):
        assert found[f"{CLINIC} {place}"] == "silent", place


def test_the_records_and_the_api_are_at_the_floating_address_and_not_at_a_machines(
    seen: Mapping[str, Mapping[str, str]],
) -> None:
    found = seen["marked"]
    assert found[f"{CLINIC} {FLOATING}:5432"] == "open"
    assert found[f"{CLINIC} {FLOATING}:6443"] == "open"
    assert found[f"{CLINIC} {MAC_A}:5432"] == "silent"


@pytest.mark.parametrize("port", [2379, 6444, 10250, 9778])
def test_another_machine_reaches_what_a_cluster_needs(
    seen: Mapping[str, Mapping[str, str]], port: int
) -> None:
    assert seen["marked"][f"{MAC_B} {MAC_A}:{port}"] == "open"


def test_another_machine_reaches_nothing_that_is_not_named(seen: Mapping[str, Mapping[str, str]]) -> None:
    assert seen["marked"][f"{MAC_B} {MAC_A}:9999"] == "silent"


def test_a_pod_reaches_its_machines_api_server_and_not_another_port_or_machine(
    seen: Mapping[str, Mapping[str, str]],
) -> None:
    found = seen["marked"]
    assert found[f"{POD} {LOCAL_API}:6444"] == "open"
    for place in (f"{LOCAL_API}:2379", f"{MAC_A}:6444", f"{MAC_A}:22", f"{CLINIC}:80"):
        assert found[f"{POD} {place}"] == "silent", place


@pytest.mark.parametrize("floating", ["marked", "moved"])
def test_a_pod_reaches_the_records_at_the_floating_address_wherever_it_is(
    seen: Mapping[str, Mapping[str, str]], floating: str
) -> None:
    assert seen[floating][f"{POD} {FLOATING}:5432"] == "open"
    assert seen[floating][f"{POD} {FLOATING}:6443"] == "silent"


def test_a_machine_reaches_a_pod_only_with_the_policy_engines_mark(
    seen: Mapping[str, Mapping[str, str]],
) -> None:
    assert seen["unmarked"][f"{MAC_B} {POD}:6379"] == "silent"
    assert seen["marked"][f"{MAC_B} {POD}:6379"] == "open"


def test_a_machine_always_reaches_its_own_pods(seen: Mapping[str, Mapping[str, str]]) -> None:
    assert seen["unmarked"][f"{MAC_A} {POD}:6379"] == "open"
    assert seen["unmarked"][f"{GATEWAY} {POD}:6379"] == "open"
    assert seen["unmarked"][f"{POD} {GATEWAY}:10250"] == "silent"


def test_whoever_asks_for_the_internet_is_refused_at_once(seen: Mapping[str, Mapping[str, str]]) -> None:
    assert seen["marked"][f"{MAC_A} {CLINIC}:80"] == "open"
    assert seen["marked"][f"{MAC_A} 198.51.100.1:80"] == "unreachable"


def test_a_pod_that_is_not_there_refuses_as_one_that_does_not_listen_would(
    seen: Mapping[str, Mapping[str, str]],
) -> None:
    assert seen["unmarked"][f"{MAC_B} {ABSENT_POD}:6379"] == "refused"
    assert seen["marked"][f"{CLINIC} {ABSENT_POD}:6379"] == "unreachable"


def test_a_sentinel_hears_no_error_on_which_it_would_ask_without_a_pause(
    seen: Mapping[str, Mapping[str, str]],
) -> None:
    found = seen["marked"]
    assert found[f"{POD} {REFUSED_POD}:5432"] == "refused"
    for port in (6379, 26379):
        assert found[f"{POD} {REFUSED_POD}:{port}"] == "silent", port


def test_a_pod_reaches_the_identity_provider_which_answers_the_machine(
    seen: Mapping[str, Mapping[str, str]],
) -> None:
    assert seen["unmarked"][f"{POD} {PROVIDER}:8443"] == "silent"
    assert seen["marked"][f"{POD} {PROVIDER}:8443"] == "open"
    assert seen["marked"][f"{POD} {CLINIC}:8443"] == "silent"


def test_haproxy_hears_no_error_on_which_it_would_connect_without_a_pause(
    seen: Mapping[str, Mapping[str, str]],
) -> None:
    found = seen["marked"]
    assert found[f"{MAC_A} {SERVED_BY_NOBODY}:443"] == "refused"
    for port in (5432, 8000):
        assert found[f"{MAC_A} {SERVED_BY_NOBODY}:{port}"] == "silent", port
