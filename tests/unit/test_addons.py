"""What every pod needs from the cluster itself: names, and walls that stand."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given, settings

from components.addons import (
    DNS_LABELS,
    POLICY_HEALTH_PORT,
    render_corefile,
    render_dns,
    render_policy_engine,
)
from components.firewall import POLICY_MARK
from components.haproxy_tunnels import OWN_DOOR, render_tunnels
from components.network_policies import to_names
from infra.config import ports
from infra.config.model import Hospital
from lab.image import consumer
from lab.images.catalogue import IMAGES
from tests.strategies import hospitals
from tests.unit.stack_files import hospital_of
from toolchain.programs import CLUSTER, binaries

LAB = hospital_of("lab")


def only(kind: str, manifests: list[Any]) -> dict[str, Any]:
    (found,) = [one for one in manifests if one["kind"] == kind]
    return dict(found)


def container(manifests: list[Any]) -> dict[str, Any]:
    (found,) = only("DaemonSet", manifests)["spec"]["template"]["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize("render", [render_dns, render_policy_engine])
def test_every_machine_has_its_own_whatever_it_is_tainted_with(render: Any) -> None:
    pod = only("DaemonSet", render(LAB))["spec"]["template"]["spec"]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["priorityClassName"] == "system-node-critical"


@pytest.mark.parametrize("render", [render_dns, render_policy_engine])
def test_the_image_is_one_of_the_bundle_and_never_pulled(render: Any) -> None:
    asked = container(render(LAB))
    assert asked["imagePullPolicy"] == "Never"
    assert asked["image"] in {f"{image.repository}:{image.tag}" for image in IMAGES}


@pytest.mark.parametrize("render", [render_dns, render_policy_engine])
def test_an_account_may_only_look(render: Any) -> None:
    for rule in only("ClusterRole", render(LAB))["rules"]:
        assert set(rule["verbs"]) <= {"get", "list", "watch"}
        assert "secrets" not in rule["resources"]


@pytest.mark.parametrize("render", [render_dns, render_policy_engine])
def test_nothing_gets_more_rights_than_it_needs(render: Any) -> None:
    context = container(render(LAB))["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"]["drop"] == ["ALL"]
    assert set(context["capabilities"].get("add", [])) <= {"NET_ADMIN", "NET_RAW"}


# Names


def test_each_machine_asks_its_own_name_server() -> None:
    service = only("Service", render_dns(LAB))["spec"]
    assert service["internalTrafficPolicy"] == "Local"
    assert (
        service["selector"]
        == DNS_LABELS
        == only("DaemonSet", render_dns(LAB))["spec"]["selector"]["matchLabels"]
    )


def test_who_may_ask_for_names_reaches_the_pods_that_answer() -> None:
    (peer,) = to_names()["to"]
    assert peer["podSelector"]["matchLabels"] == DNS_LABELS
    assert peer["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": only("DaemonSet", render_dns(LAB))["metadata"]["namespace"]
    }


@settings(max_examples=30, deadline=None)
@given(hospital=hospitals())
def test_the_name_server_answers_in_the_service_network_for_every_hospital(hospital: Hospital) -> None:
    address = IPv4Address(only("Service", render_dns(hospital))["spec"]["clusterIP"])
    assert address in hospital.kubernetes.service_network
    corefile = render_corefile(hospital)
    assert f"{hospital.edge.address} {hospital.domain}\n" in corefile
    for name, node in hospital.nodes.items():
        assert f"{node.debian_address} {name}.{hospital.domain}\n" in corefile


def test_nobody_outside_is_asked() -> None:
    assert "forward" not in render_corefile(LAB)


ASK = """\
import socket, struct, sys, time
def ask(name, kind=1):
    question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0)
    question += b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\\0"
    question += struct.pack(">2H", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.sendto(question, ("127.0.0.1", 1053))
        answer = asking.recv(512)
    code, count = struct.unpack(">H2xH", answer[2:8])[0] & 15, struct.unpack(">H", answer[6:8])[0]
    return code, count, socket.inet_ntoa(answer[-4:]) if count else ""
for _ in range(100):
    try:
        ask(sys.argv[1])
        break
    except OSError:
        time.sleep(0.1)
for name in sys.argv[1:]:
    print(name, *ask(name))
"""


@pytest.mark.build
def test_coredns_answers_with_the_hospitals_names_and_refuses_the_rest_at_once() -> None:
    (program,) = binaries([one for one in CLUSTER if one.name == "coredns"]).values()
    # The cluster's own zones need a cluster: tests/lab asks for names there.
    corefile = render_corefile(LAB).partition(f"\n{LAB.domain}:53")[2]
    corefile = f"{LAB.domain}:1053{corefile}"
    script = (
        "ip link set lo up; ./coredns -conf Corefile >&2 & server=$!\n"
        f"python3 ask.py {LAB.domain} mac-b.{LAB.domain} example.com; kill $server"
    )
    files: dict[str, bytes | str] = {"Corefile": corefile, "ask.py": ASK, "coredns": program.read_bytes()}
    done = consumer(["sh", "-c", f"chmod +x coredns; {script}"], files)
    assert done.stdout.splitlines() == [
        f"{LAB.domain} 0 1 {LAB.edge.address}",
        f"mac-b.{LAB.domain} 0 1 {LAB.nodes['mac-b'].debian_address}",
        "example.com 5 0 ",
    ], done.stderr


# Walls


def test_the_policy_engine_does_nothing_else() -> None:
    arguments = container(render_policy_engine(LAB))["args"]
    assert {"--run-firewall=true", "--run-router=false", "--run-service-proxy=false"} <= set(arguments)
    assert "--run-loadbalancer=false" in arguments


def test_the_engine_has_started_when_the_mark_that_our_firewall_waits_for_is_set() -> None:
    command = container(render_policy_engine(LAB))["startupProbe"]["exec"]["command"]
    mark = command[command.index("--mark") + 1]
    assert mark == f"{POLICY_MARK:#x}/{POLICY_MARK:#x}"
    assert "KUBE-ROUTER rule to explicitly ACCEPT traffic that comply to network policies" in command


def test_the_engine_of_a_machine_that_boots_asks_whichever_api_server_there_is() -> None:
    environment = {one["name"]: one.get("value") for one in container(render_policy_engine(LAB))["env"]}
    place = (environment["KUBERNETES_SERVICE_HOST"], environment["KUBERNETES_SERVICE_PORT"])
    assert place == (OWN_DOOR, str(ports.API))
    assert f"    bind {OWN_DOOR}:{ports.API}\n" in render_tunnels(LAB, "mac-a")


def test_nobody_elses_port_is_taken() -> None:
    assert POLICY_HEALTH_PORT in ports.FIXED
