"""The cluster as the engine is asked for it: who joins when, what is secret, what waits for what."""

import json
from base64 import b64decode
from dataclasses import dataclass, field

import pulumi
import pulumi_random as random

from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.kubeadm import CONFIG, ENCRYPTION
from components.kubernetes import KubernetesCluster, KubernetesClusterArgs, render_kubeconfig
from components.machine import Machine, MachineArgs, MacStudio, Witness
from components.remote_script import RUNNER
from infra.config.load import read_hospital
from infra.config.model import Hospital
from tests.components.conftest import PRIVATE_KEY, Engine, Registered, hospital_document


@dataclass(frozen=True)
class Prepared:
    """The edge, a container runtime: something to wait for."""

    ready: list[pulumi.Resource] = field(default_factory=list)


def build(hospital: Hospital) -> KubernetesCluster:
    key = pulumi.Output.secret(PRIVATE_KEY)
    machines: list[Machine] = [
        (MacStudio if node.is_mac else Witness)(name, MachineArgs.of(hospital, name, key))
        for name, node in hospital.nodes.items()
    ]
    edge = random.RandomId("edge", byte_length=1)
    authority = CertificateAuthority("cluster-authority", CertificateAuthorityArgs("hospital cluster"))
    runtimes = [Prepared([random.RandomId(f"{one.name}-runtime", byte_length=1)]) for one in machines]
    return KubernetesCluster(
        "kubernetes", KubernetesClusterArgs(hospital, machines, runtimes, Prepared([edge]), authority)
    )


def single() -> Hospital:
    return read_hospital(hospital_document("mvp"))


def before(engine: Engine, step: str) -> set[str]:
    """Everything that must have happened before ``step``."""
    found: set[str] = set()
    open_ends = {step}
    while open_ends:
        names = {
            name for one in open_ends for name in engine.named(one).depends_on if name in engine.resources
        }
        open_ends = names - found
        found |= names
    return found


def steps(engine: Engine) -> list[Registered]:
    """What happens on the machines for the cluster."""
    return [one for one in engine.of_type("remote:Command") if one.parent == "kubernetes"]


@pulumi.runtime.test
async def test_machines_become_members_one_after_the_other(engine: Engine, hospital: Hospital) -> None:
    cluster = build(hospital)
    await engine.settled()
    assert list(cluster.members) == ["mac-a", "mac-b", "witness"]
    assert "mac-a-kubernetes" in before(engine, "mac-a-mac-b-kubernetes-ticket")
    assert "mac-a-mac-b-kubernetes-ticket" in before(engine, "mac-b-kubernetes")
    assert "mac-b-kubernetes" in before(engine, "mac-a-mac-b-kubernetes-void")
    assert "mac-a-mac-b-kubernetes-void" in before(engine, "mac-a-witness-kubernetes-ticket")
    assert "mac-a-witness-kubernetes-ticket" in before(engine, "witness-kubernetes")


@pulumi.runtime.test
async def test_nobody_founds_before_every_machine_is_prepared(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    first = before(engine, "mac-a-kubernetes")
    assert {f"{machine}-kubernetes-config" for machine in hospital.nodes} <= first
    assert {f"{machine}-runtime" for machine in hospital.nodes} | {"edge"} <= first
    assert {f"{machine}-firewall" for machine in hospital.nodes} <= first


@pulumi.runtime.test
async def test_each_member_is_named_the_ticket_that_must_be_made_anew_when_its_own_has_expired(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    for machine, sponsor in {"mac-a": "mac-b", "mac-b": "mac-a", "witness": "mac-a"}.items():
        ticket = f"{sponsor}-{machine}-kubernetes-ticket"
        assert engine.named(ticket).inputs["connection"]["host"] == str(hospital.nodes[sponsor].address)
        assert f" {ticket} " in str(engine.named(f"{machine}-kubernetes").inputs["stdin"])


@pulumi.runtime.test
async def test_nothing_secret_travels_or_stays_in_the_open(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    for machine in hospital.nodes:
        for step in (f"{machine}-kubernetes", f"{machine}-kubernetes-encryption-key"):
            assert "stdin" in engine.named(step).secrets, step
    for one in steps(engine):
        if one.name.endswith(("-ticket", "-kubernetes", "-void", "-encryption-key")):
            assert {"stdout", "stderr"} <= one.secret_outputs, one.name
            assert one.inputs["logging"] == "none", one.name
        assert one.inputs["create"] == RUNNER % "apply"
    for one in steps(engine):
        if "stdin" not in one.secrets:
            assert "PRIVATE KEY PEM" not in str(one.inputs["stdin"]), one.name


@pulumi.runtime.test
async def test_the_key_of_the_secrets_is_one_for_all_machines_and_readable_by_root_alone(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    (key,) = engine.of_type("randomBytes:RandomBytes")
    assert key.inputs["length"] == 32
    assert {"base64", "hex"} <= key.secret_outputs
    for machine in hospital.nodes:
        step = str(engine.named(f"{machine}-kubernetes-encryption-key").inputs["stdin"])
        assert f"put_file {ENCRYPTION} 0600 root:root" in step


@pulumi.runtime.test
async def test_the_provider_uses_the_clusters_own_kubeconfig_and_keeps_it(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    provider = engine.named("kubernetes-api")
    assert provider.type == "pulumi:providers:kubernetes"
    assert "kubeconfig" in provider.secrets
    objects = [one for one in engine.resources.values() if one.type.startswith("kubernetes:")]
    assert objects
    assert {one.provider for one in objects} == {"kubernetes-api"}


@pulumi.runtime.test
async def test_no_object_is_made_before_the_last_machine_has_joined(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    objects = [one.name for one in engine.resources.values() if one.type.startswith("kubernetes:")]
    for name in objects:
        assert "mac-a-witness-kubernetes-void" in before(engine, name), name


@pulumi.runtime.test
async def test_quotas_and_walls_wait_for_their_namespace(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    (closed,) = [name for name in engine.resources if name.endswith("networkpolicy-medical-data-closed")]
    assert any(name.endswith("namespace-medical-data") for name in before(engine, closed))


@pulumi.runtime.test
async def test_the_kubeconfig_is_secret(engine: Engine, hospital: Hospital) -> None:
    cluster = build(hospital)
    assert await cluster.kubeconfig.is_secret()


@pulumi.runtime.test
async def test_one_mac_is_a_whole_cluster_that_nobody_can_be_asked_to_join(engine: Engine) -> None:
    cluster = build(single())
    await engine.settled()
    assert list(cluster.members) == ["mac-a"]
    assert not [name for name in engine.resources if name.endswith(("-ticket", "-void"))]
    step = str(engine.named("mac-a-kubernetes").inputs["stdin"])
    assert "\nsettle mac-a 192.168.100.10 v1." in step
    assert step.rpartition("#--payload--\n")[2].startswith("none\n")


@pulumi.runtime.test
async def test_every_step_can_be_taken_back(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    for one in steps(engine):
        if not one.name.endswith(("-ticket", "-void")):
            assert one.inputs["delete"] == RUNNER % "remove", one.name


@pulumi.runtime.test
async def test_another_configuration_is_another_step_on_that_machine(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    config = str(engine.named("mac-b-kubernetes-config").inputs["stdin"])
    assert f"put_file {CONFIG} " in config
    assert "# as configured in " in str(engine.named("mac-b-kubernetes").inputs["stdin"])


def test_a_kubeconfig_names_one_cluster_and_one_user() -> None:
    text = render_kubeconfig("hospital", "https://192.168.100.100:6443", "AUTHORITY", "CERTIFICATE", "KEY")
    config = json.loads(text)
    (cluster,), (user,), (context,) = config["clusters"], config["users"], config["contexts"]
    assert cluster["cluster"]["server"] == "https://192.168.100.100:6443"
    assert b64decode(cluster["cluster"]["certificate-authority-data"]) == b"AUTHORITY"
    assert b64decode(user["user"]["client-key-data"]) == b"KEY"
    assert context["context"] == {"cluster": cluster["name"], "user": user["name"]}
    assert config["current-context"] == context["name"]


@pulumi.runtime.test
async def test_a_preview_needs_no_machine(preview: Engine, hospital: Hospital) -> None:
    build(hospital)
    await preview.settled()
    assert "witness-kubernetes" in preview.resources
