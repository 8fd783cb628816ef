"""The records as the engine is asked for them: what is kept, what is secret, what waits for what."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.cloudnativepg import CloudNativePG, CloudNativePGArgs, operator_release
from components.database import PostgresCluster, PostgresClusterArgs
from components.machine import MachineArgs, MacStudio, Witness
from components.record_access import USERS
from infra.config.model import Hospital
from tests.components.conftest import PRIVATE_KEY, Engine, Registered
from tests.unit.test_operator_release import RELEASE
from toolchain import engine as toolchain

IMAGE = "ghcr.io/cloudnative-pg/postgresql:17.6-trixie"


@dataclass(frozen=True)
class Cluster:
    """A cluster that is there."""

    provider: kubernetes.Provider
    ready: list[pulumi.Resource]


def build(hospital: Hospital, **versions: str) -> PostgresCluster:
    key = pulumi.Output.secret(PRIVATE_KEY)
    machines = [
        (MacStudio if node.is_mac else Witness)(name, MachineArgs.of(hospital, name, key))
        for name, node in hospital.nodes.items()
    ]
    cluster = Cluster(kubernetes.Provider("cluster", kubeconfig=pulumi.Output.secret("kubeconfig")), [])
    operator = CloudNativePG(
        "operator", CloudNativePGArgs(hospital, cluster, RELEASE, postgresql="17.6", **versions)
    )
    return PostgresCluster(
        "records",
        PostgresClusterArgs(
            hospital=hospital,
            cluster=cluster,
            machines=machines,
            authority=CertificateAuthority("authority", CertificateAuthorityArgs(hospital.name)),
            image=IMAGE,
            after=operator.ready,
        ),
    )


def virtual(hospital: Hospital) -> Hospital:
    return hospital.model_copy(update={"keep_data": False})


def the_database(engine: Engine) -> Registered:
    (found,) = engine.of_type("postgresql.cnpg.io/v1:Cluster")
    return found


def holding_data(engine: Engine) -> list[Registered]:
    folders = [one for name, one in engine.resources.items() if "-volume-records" in name]
    return [
        *folders,
        *engine.of_type(":PersistentVolume"),
        *engine.of_type(":CustomResourceDefinition"),
        the_database(engine),
    ]


@pulumi.runtime.test
async def test_what_holds_patients_data_is_protected_and_outlives_the_stack(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    found = holding_data(engine)
    assert len(found) == 2 + 2 + 1 + 1
    assert all(one.protected and one.retained for one in found), [one.name for one in found]


@pulumi.runtime.test
async def test_a_virtual_hospital_can_be_taken_down_with_its_data(engine: Engine, hospital: Hospital) -> None:
    build(virtual(hospital))
    await engine.settled()
    assert not any(one.protected or one.retained for one in holding_data(engine))
    assert "drop_volume" in str(engine.named("mac-a-volume-records").inputs["stdin"]).split("remove()")[1]


@pulumi.runtime.test
async def test_no_step_of_a_real_hospital_can_remove_a_volumes_folder(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    step = engine.named("mac-b-volume-records")
    assert "delete" not in step.inputs
    assert "drop_volume /" not in str(step.inputs["stdin"])


@pulumi.runtime.test
async def test_the_witness_holds_no_records(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    assert "witness-volume-records" not in engine.resources
    names = {one.inputs["metadata"]["name"] for one in engine.of_type(":PersistentVolume")}
    assert names == {"records-mac-a", "records-mac-b"}


@pulumi.runtime.test
async def test_every_secret_is_one_for_the_engine_too(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    secrets = engine.of_type("core/v1:Secret")
    assert len(secrets) == len(USERS) + 2
    assert all("data" in one.secrets for one in secrets), [one.name for one in secrets]


@pulumi.runtime.test
async def test_passwords_are_generated_long_and_secret(engine: Engine, hospital: Hospital) -> None:
    records = build(hospital)
    await engine.settled()
    assert set(records.users) == set(USERS)
    passwords = engine.of_type("RandomPassword")
    assert len(passwords) == len(USERS)
    for password in passwords:
        assert password.inputs["length"] >= 32
        assert password.secret_outputs >= {"result"}
    assert await records.users["medical_app"].is_secret()


@pulumi.runtime.test
async def test_the_database_waits_for_operator_volumes_users_and_doors(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    after = the_database(engine).depends_on
    assert any("deployment" in name for name in after)
    assert {name for name in after if "persistentvolume" in name}
    assert {name for name in after if "networkpolicy" in name}
    assert len([name for name in after if "-secret-" in name]) == len(USERS) + 2


@pulumi.runtime.test
async def test_it_is_ready_when_the_standby_streams_and_asked_again_after_a_change(
    engine: Engine, hospital: Hospital
) -> None:
    records = build(hospital)
    await engine.settled()
    step = engine.named("mac-a-records-streams")
    assert the_database(engine).name in step.depends_on
    assert "await_records medical-data records 1 " in str(step.inputs["stdin"])
    assert len(records.ready) > 3


@pulumi.runtime.test
async def test_the_folders_of_a_virtual_hospital_wait_for_the_last_pod(
    engine: Engine, hospital: Hospital
) -> None:
    build(virtual(hospital))
    await engine.settled()
    farewell = engine.named("mac-a-records-farewell")
    # Destroyed in the opposite order: database, farewell, volumes.
    assert farewell.name in the_database(engine).depends_on
    assert {name for name in farewell.depends_on if "persistentvolume" in name}


@pulumi.runtime.test
async def test_everything_in_the_cluster_goes_through_its_own_provider(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    inside = [one for one in engine.resources.values() if one.type.startswith("kubernetes:")]
    assert len(inside) > 15
    assert all(one.provider == "cluster" for one in inside), [one.name for one in inside]


@pulumi.runtime.test
async def test_an_operator_that_the_cluster_cannot_run_is_refused_before_anything_of_it_is_made(
    engine: Engine, hospital: Hospital
) -> None:
    with pytest.raises(pulumi.RunError, match=r"1\.34, 1\.35, 1\.36, not 1\.33\.4"):
        build(hospital, kubernetes="1.33.4")
    await engine.settled()
    assert engine.of_type("CloudNativePG") == []
    assert [one for one in engine.resources.values() if one.type.startswith("kubernetes:")] == []


@pulumi.runtime.test
async def test_the_operator_stands_on_its_definitions(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    (deployment,) = engine.of_type("apps/v1:Deployment")
    assert any("customresourcedefinition" in name for name in deployment.depends_on)
    (definition,) = engine.of_type(":CustomResourceDefinition")
    assert any("-namespace-" in name for name in definition.depends_on)


def test_the_release_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_: Any) -> None:
        return None

    monkeypatch.setattr(toolchain, "locate", nowhere)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    with pytest.raises(pulumi.RunError, match="toolchain build --only cnpg-manifest"):
        operator_release()
