"""Object store and backups as the engine is asked for them: what is kept, what is secret, in which order."""

import base64
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components import object_store
from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.backup import Backup, BackupArgs, plugin_release
from components.backup_manifests import PLUGIN
from components.machine import MachineArgs, MacStudio, Witness
from components.object_store import ObjectStore, ObjectStoreArgs, raw_key
from infra.config.model import Hospital
from tests.components.conftest import PRIVATE_KEY, Engine, Registered
from tests.unit.backup.test_backup_manifests import RELEASE
from toolchain import engine as toolchain

PKCS8 = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
"""
PUBLIC = """\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""
"""The example key of RFC 8410, section 10."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that is there."""

    provider: kubernetes.Provider
    ready: list[pulumi.Resource]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of the tests gives no real keys."""
    monkeypatch.setattr(object_store, "raw_key", lambda pem: pem.encode().ljust(32)[:32])


def build(hospital: Hospital) -> Backup:
    key = pulumi.Output.secret(PRIVATE_KEY)
    machines = [
        (MacStudio if node.is_mac else Witness)(name, MachineArgs.of(hospital, name, key))
        for name, node in hospital.nodes.items()
    ]
    cluster = Cluster(kubernetes.Provider("cluster", kubeconfig=pulumi.Output.secret("kubeconfig")), [])
    authority = CertificateAuthority("authority", CertificateAuthorityArgs(hospital.name))
    store = ObjectStore("store", ObjectStoreArgs(hospital, cluster, machines, authority))
    return Backup("backup", BackupArgs(hospital, cluster, (), store, RELEASE))


def of_kind(engine: Engine, kind: str) -> list[Registered]:
    return engine.of_type(f":{kind}")


def test_a_keys_own_bytes_are_what_rfc_8410_says() -> None:
    assert raw_key(PKCS8).hex() == "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"
    assert raw_key(PUBLIC).hex() == "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"


@pulumi.runtime.test
async def test_backups_are_protected_and_outlive_the_stack(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    held = [
        *of_kind(engine, "PersistentVolume"),
        *of_kind(engine, "CustomResourceDefinition"),
        *(one for name, one in engine.resources.items() if "-volume-object-store" in name),
    ]
    assert len(held) == 3 + 1 + 3
    assert all(one.protected and one.retained for one in held), [one.name for one in held]


@pulumi.runtime.test
async def test_a_virtual_hospitals_backups_go_with_it(engine: Engine, hospital: Hospital) -> None:
    build(hospital.model_copy(update={"keep_data": False}))
    await engine.settled()
    assert not any(one.protected or one.retained for one in engine.resources.values())


@pulumi.runtime.test
async def test_every_secret_is_one_for_the_engine_too(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    open_ones = {
        one.name
        for one in of_kind(engine, "Secret")
        if not one.secrets & {"data", "stringData"}
        # The hospital's authority is public; it is a secret for the plugin alone.
        and "authority" not in one.name
    }
    assert open_ones == set()


@pulumi.runtime.test
async def test_the_setup_gets_its_secret_by_standard_input_alone(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    step = engine.named("mac-a-store-setup")
    assert "stdin" in step.secrets
    assert "5ec2e7" in str(step.inputs["stdin"])
    assert "5ec2e7" not in str(step.inputs["create"])


@pulumi.runtime.test
async def test_a_parts_settings_name_the_others_and_a_change_restarts_it(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    settings = engine.named("store-configmap-object-store-store-mac-a").inputs["data"]["garage.toml"]
    assert settings.count("@10.96.79.") == 2
    part = engine.named("store-statefulset-object-store-store-mac-a")
    annotations = part.inputs["spec"]["template"]["metadata"]["annotations"]
    assert len(annotations["prontuario.hospital/reads"]) == 16
    assert not part.secrets


@pulumi.runtime.test
async def test_a_parts_key_is_its_private_and_public_half(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    data = engine.named("store-secret-object-store-object-store-identity-mac-b").inputs["data"]
    assert len(base64.b64decode(data["node_key"])) == 64
    assert len(base64.b64decode(data["node_key.pub"])) == 32


@pulumi.runtime.test
async def test_backups_begin_when_there_is_somewhere_to_put_them(engine: Engine, hospital: Hospital) -> None:
    backup = build(hospital)
    await engine.settled()
    destination = engine.named("backup-objectstore-medical-data-records")
    # The database need not wait for the store: its log waits on its own disk.
    assert "backup-deployment-cnpg-system-barman-cloud" in destination.depends_on
    assert "mac-a-store-setup" not in destination.depends_on
    schedule = engine.named("backup-scheduledbackup-medical-data-records-nightly")
    assert {"mac-a-store-setup", destination.name} <= schedule.depends_on
    assert [plugin["name"] for plugin in backup.plugins] == [PLUGIN]


@pulumi.runtime.test
async def test_operator_and_plugin_have_a_certificate_each(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    uses = {
        tuple(one.inputs["allowedUses"])
        for one in engine.of_type("SelfSignedCert")
        if one.inputs.get("dnsNames") == ["barman-cloud"]
    }
    assert uses == {("digital_signature", "server_auth"), ("digital_signature", "client_auth")}


def test_a_preview_without_the_plugins_release_says_how_to_get_it(
    preview: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "locate", lambda _: None)
    assert plugin_release() == []
    assert "python -m toolchain build --only barman-manifest" in preview.messages[0]


def test_an_update_without_the_plugins_release_is_refused(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "locate", lambda _: None)
    with pytest.raises(pulumi.RunError, match="build --only barman-manifest"):
        plugin_release()
