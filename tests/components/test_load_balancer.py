"""The edge as the engine is asked for it: what goes where, in which order, and which of it is secret."""

import base64
import re
from pathlib import Path

import pulumi
import pytest

from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.haproxy import (
    ALIVE_URL,
    CERTIFICATE,
    CONFIG,
    ENVIRONMENT,
    STATS_PASSWORD_VARIABLE,
    render_haproxy,
)
from components.haproxy_tunnels import CLUSTER_AUTHORITY, HOSPITAL_AUTHORITY
from components.keepalived import CONFIG as KEEPALIVED_CONFIG
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.machine import MachineArgs, MacStudio, Witness
from infra.config.load import read_stack_file
from infra.config.model import Hospital
from tests.components.conftest import PRIVATE_KEY, Engine, Registered

ROOT = Path(__file__).parents[2]
STEPS = {
    "certificate",
    "hospital-authority",
    "cluster-authority",
    "first-state",
    "statistics",
    "haproxy-unit",
    "haproxy",
    "keepalived-unit",
    "keepalived",
    "services",
}


def hospital_of(stack: str) -> Hospital:
    """The hospital of a committed stack file, with a host key for every machine."""
    hospital = read_stack_file(ROOT / f"Pulumi.{stack}.yaml")
    nodes = {}
    for number, (name, node) in enumerate(hospital.nodes.items()):
        blob = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + bytes([number]) * 32
        key = f"ssh-ed25519 {base64.b64encode(blob).decode()}"
        nodes[name] = node.model_copy(update={"ssh": node.ssh.model_copy(update={"host_key": key})})
    return hospital.model_copy(update={"nodes": nodes})


def edge_of(hospital: Hospital) -> LoadBalancer:
    """The edge on all machines of ``hospital``, named as in the stacks."""
    key = pulumi.Output.secret(PRIVATE_KEY)
    machines = [
        (MacStudio if node.is_mac else Witness)(name, MachineArgs.of(hospital, name, key))
        for name, node in hospital.nodes.items()
    ]
    authority = CertificateAuthority("authority", CertificateAuthorityArgs(hospital.name))
    cluster_authority = CertificateAuthority("cluster-authority", CertificateAuthorityArgs("cluster"))
    return LoadBalancer("edge", LoadBalancerArgs(hospital, machines, authority, cluster_authority))


def payload(step: Registered) -> str:
    """The content a step brings to its machine."""
    return str(step.inputs["stdin"]).split("\n#--payload--\n", 1)[1]


@pytest.fixture
def hospital() -> Hospital:
    """Two Macs and a witness."""
    return hospital_of("lab")


@pulumi.runtime.test
async def test_every_machine_gets_the_whole_edge(engine: Engine, hospital: Hospital) -> None:
    edge_of(hospital)
    await engine.settled()
    wanted = {f"{machine}-edge-{step}" for machine in hospital.nodes for step in STEPS}
    found = {one.name for one in engine.resources.values() if one.parent == "edge" and "Command" in one.type}
    assert found == wanted


@pulumi.runtime.test
async def test_one_mac_has_the_same_edge(engine: Engine) -> None:
    edge_of(hospital_of("lab-mvp"))
    await engine.settled()
    assert {name for name in engine.resources if name.startswith("mac-a-edge-")} == {
        f"mac-a-edge-{step}" for step in STEPS
    }


@pulumi.runtime.test
async def test_every_machine_gets_its_own_configuration(engine: Engine, hospital: Hospital) -> None:
    edge_of(hospital)
    await engine.settled()
    for machine in hospital.nodes:
        assert payload(engine.named(f"{machine}-edge-haproxy")) == render_haproxy(hospital, machine)
        step = engine.named(f"{machine}-edge-keepalived")
        assert f"router_id {machine}\n" in payload(step)
        assert step.inputs["triggers"] == [KEEPALIVED_CONFIG]


@pulumi.runtime.test
async def test_what_is_secret_travels_secret_into_files_only_root_reads(
    engine: Engine, hospital: Hospital
) -> None:
    edge_of(hospital)
    await engine.settled()
    for machine in hospital.nodes:
        for step, path in (("certificate", CERTIFICATE), ("statistics", ENVIRONMENT)):
            resource = engine.named(f"{machine}-edge-{step}")
            assert "stdin" in resource.secrets
            assert f"put_file {path} 0600 root:root" in resource.inputs["stdin"]
    assert payload(engine.named("mac-a-edge-certificate")) == "CERTIFICATE PEMPRIVATE KEY PEM"
    assert payload(engine.named("mac-a-edge-statistics")) == "PRONTUARIO_STATS_PASSWORD=generated\n"


@pulumi.runtime.test
async def test_the_edge_trusts_the_authorities_certificates_and_holds_none_of_their_keys(
    engine: Engine, hospital: Hospital
) -> None:
    edge_of(hospital)
    await engine.settled()
    for machine in hospital.nodes:
        for whose, path in (("hospital", HOSPITAL_AUTHORITY), ("cluster", CLUSTER_AUTHORITY)):
            step = engine.named(f"{machine}-edge-{whose}-authority")
            assert f"put_file {path} " in step.inputs["stdin"]
            assert payload(step) == "AUTHORITY PEM"


@pulumi.runtime.test
async def test_the_engine_keeps_the_password_secret(engine: Engine, hospital: Hospital) -> None:
    edge = edge_of(hospital)
    (password,) = (await engine.settled()).of_type("RandomPassword")
    assert {"result", "bcryptHash"} <= password.secret_outputs
    assert await edge.statistics_password.is_secret()


@pulumi.runtime.test
async def test_a_configuration_is_checked_before_it_replaces_the_running_one(
    engine: Engine, hospital: Hospital
) -> None:
    edge_of(hospital)
    await engine.settled()
    for step in ("certificate", "hospital-authority", "cluster-authority", "haproxy", "keepalived"):
        script = engine.named(f"witness-edge-{step}").inputs["stdin"]
        check = f"check_{step.split('-')[-1]}"
        assert f'check() {{\n:\n{check} "$1"\n}}' in script
        assert f"{check}() {{" in script


def test_the_script_on_the_machine_uses_the_names_of_the_renderer() -> None:
    script = (ROOT / "components/scripts/edge.sh").read_text()
    assert f"alive_url={ALIVE_URL}\n" in script
    assert f"{STATS_PASSWORD_VARIABLE}=checked " in script


@pulumi.runtime.test
async def test_haproxy_starts_only_where_certificate_password_and_unit_are(
    engine: Engine, hospital: Hospital
) -> None:
    edge_of(hospital)
    step = (await engine.settled()).named("mac-a-edge-haproxy")
    for needed in STEPS - {"haproxy", "keepalived-unit", "keepalived", "services"}:
        assert f"mac-a-edge-{needed}" in step.depends_on


@pulumi.runtime.test
async def test_one_machine_at_a_time_the_primary_last(engine: Engine, hospital: Hospital) -> None:
    edge_of(hospital)
    await engine.settled()
    assert "witness-edge-haproxy" in engine.named("mac-b-edge-certificate").depends_on
    assert "mac-b-edge-haproxy" in engine.named("mac-a-edge-certificate").depends_on


@pulumi.runtime.test
async def test_the_primary_is_the_first_to_ask_for_the_address(engine: Engine, hospital: Hospital) -> None:
    edge_of(hospital)
    await engine.settled()
    assert "mac-a-edge-haproxy" in engine.named("mac-a-edge-keepalived-unit").depends_on
    assert "mac-a-edge-services" in engine.named("mac-b-edge-keepalived-unit").depends_on
    assert "mac-b-edge-services" in engine.named("witness-edge-keepalived-unit").depends_on


@pulumi.runtime.test
async def test_destroying_gives_the_address_away_before_haproxy_stops(
    engine: Engine, hospital: Hospital
) -> None:
    edge_of(hospital)
    step = (await engine.settled()).named("mac-a-edge-services")
    removal = re.search(r"^remove\(\) \{\n(.*?)\n\}", step.inputs["stdin"], re.MULTILINE | re.DOTALL)
    assert removal
    stopped = re.findall(r"disable .*--now (\w+)", removal[1])
    assert stopped == ["keepalived", "haproxy"]
    assert "mac-a-edge-keepalived" in step.depends_on


@pulumi.runtime.test
async def test_the_certificate_names_every_place_where_the_edge_answers(
    engine: Engine, hospital: Hospital
) -> None:
    edge_of(hospital)
    (request,) = (await engine.settled()).of_type("CertRequest")
    assert request.inputs["dnsNames"] == [hospital.domain]
    assert set(request.inputs["ipAddresses"]) == {
        "192.168.100.100",
        "192.168.100.10",
        "192.168.100.11",
        "192.168.100.12",
    }


@pulumi.runtime.test
async def test_the_outputs_say_where_to_connect(engine: Engine, hospital: Hospital) -> None:
    edge = edge_of(hospital)
    assert await edge.address.future() == "192.168.100.100"
    assert await edge.url.future() == "https://192.168.100.100/"
    assert await edge.certificate_authority.future() == "AUTHORITY PEM"
    assert await edge.statistics.future() == {
        machine: f"https://192.168.100.{number}:8404/"
        for machine, number in (("mac-a", 10), ("mac-b", 11), ("witness", 12))
    }


@pulumi.runtime.test
async def test_a_preview_works_before_anything_exists(preview: Engine, hospital: Hospital) -> None:
    edge_of(hospital)
    await preview.settled()
    assert CONFIG in preview.named("mac-a-edge-haproxy").inputs["triggers"]
