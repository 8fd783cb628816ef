"""The cache as the engine is asked for it: what is secret, what waits for what, what is kept."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.cache import RedisSentinel, RedisSentinelArgs
from components.machine import MachineArgs, MacStudio, Witness
from infra.config.load import read_hospital
from infra.config.model import Hospital
from tests.components.conftest import PRIVATE_KEY, Engine, hospital_document

SERVERS, SENTINELS = "cache-statefulset-medical-data-cache", "cache-statefulset-medical-data-sentinel"


@dataclass
class Cluster:
    """A cluster that is there."""

    provider: pulumi.ProviderResource
    ready: list[pulumi.Resource]


def build(hospital: Hospital) -> RedisSentinel:
    """The cache of ``hospital``."""
    machines = [
        (MacStudio if node.is_mac else Witness)(name, MachineArgs.of(hospital, name, PRIVATE_KEY))
        for name, node in hospital.nodes.items()
    ]
    provider = kubernetes.Provider("cluster", kubeconfig=pulumi.Output.secret("kubeconfig"))
    authority = CertificateAuthority("authority", CertificateAuthorityArgs(hospital.name))
    args = RedisSentinelArgs(hospital, Cluster(provider, [provider]), machines, authority, "valkey:8.1.1")
    return RedisSentinel("cache", args)


@pulumi.runtime.test
async def test_passwords_and_keys_are_secret_wherever_they_go(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    for name in ("cache-certificate", "cache-credentials", "sentinel-credentials"):
        secret = engine.named(f"cache-secret-medical-data-{name}")
        assert "stringData" in secret.secrets
    for user in ("app", "replica", "sentinel", "keeper", "monitor"):
        assert "result" in engine.named(f"cache-{user}").secret_outputs
    # The users' lists hold hashes, and a server has no Sentinel's password.
    held = engine.named("cache-secret-medical-data-cache-credentials").inputs["stringData"]
    assert set(held) == {"users.acl", "replica", "keeper", "monitor"}
    assert "generated" not in held["users.acl"]


@pulumi.runtime.test
async def test_pods_are_not_hidden_because_of_the_hash_they_carry(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    for name in (SERVERS, SENTINELS):
        assert not engine.named(name).secrets
        metadata = engine.named(name).inputs["spec"]["template"]["metadata"]
        assert len(metadata["annotations"]["prontuario.hospital/secrets"]) == 16


@pulumi.runtime.test
async def test_servers_start_when_sentinels_watch_and_volumes_and_secrets_are_there(
    engine: Engine, hospital: Hospital
) -> None:
    cache = build(hospital)
    await engine.settled()
    needed = engine.named(SERVERS).depends_on
    assert SENTINELS in needed
    assert "cache-secret-medical-data-cache-credentials" in needed
    volumes = engine.of_type("PersistentVolume")
    assert {one.name.split("volumes-persistentvolume-")[1] for one in volumes} == {
        "cache-mac-a",
        "cache-mac-b",
        "sentinel-mac-a",
        "sentinel-mac-b",
        "sentinel-witness",
    }
    assert {one.name for one in volumes} <= needed
    assert all(one.protected and one.retained for one in volumes)
    assert cache.sentinels == ["10.96.78.17:26379", "10.96.78.18:26379", "10.96.78.19:26379"]


@pulumi.runtime.test
async def test_everything_in_the_cluster_goes_through_its_own_provider(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    objects = [one for one in engine.resources.values() if one.type.startswith("kubernetes:")]
    assert len(objects) > 15
    assert {one.provider for one in objects} == {"cluster"}


@pulumi.runtime.test
async def test_one_mac_has_one_server_and_one_sentinel(engine: Engine) -> None:
    cache = build(read_hospital(hospital_document("mvp")))
    await engine.settled()
    assert cache.sentinels == ["10.96.78.17:26379"]
    assert engine.named(SERVERS).inputs["spec"]["replicas"] == 1
    assert len(engine.of_type("PersistentVolume")) == 2


@pulumi.runtime.test
async def test_the_certificate_is_good_for_every_address(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    request = engine.named("authority-cache-request").inputs
    assert set(request["ipAddresses"]) == {
        "10.96.78.1",
        "10.96.78.2",
        "10.96.78.17",
        "10.96.78.18",
        "10.96.78.19",
    }
