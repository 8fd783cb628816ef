"""The services in the cluster as the engine is asked for them: what is secret, what waits for what."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pytest

from app.release import Release
from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.machine import MachineArgs, MacStudio
from components.object_store import Bucket
from components.services import MedicalServices, MedicalServicesArgs
from components.services_image import services_for
from components.services_stores import Stores, document_key
from components.services_workloads import MANAGER, REVISION
from infra.config.load import read_hospital
from infra.config.model import Hospital
from infra.config.secrets import StackSecrets
from lab.images.artefact import ImageBundle
from lab.images.catalogue import SERVICES
from tests.components.conftest import PRIVATE_KEY, Engine, hospital_document

RELEASE = Release("1.2.3-0123456789ab-x86_64", "1.2.3", Path("release.tar.gz"), "0" * 64, "x86_64")
UNBUILT = ImageBundle("x86_64", Path("nowhere"))
API = "services-deployment-medical-api-api-{machine}"
REALTIME = "services-deployment-medical-api-realtime-{machine}"
WORKER = "services-deployment-medical-api-worker"


@dataclass
class Cluster:
    """A cluster that is there."""

    provider: pulumi.ProviderResource
    ready: list[pulumi.Resource]


class Store:
    """Records and cache in one, as far as the services look at them."""

    def __init__(self, done: str) -> None:
        self.name = "cache"
        self.sentinels = ["10.96.78.17:26379"]
        words = {"medical_app": "RECORDS PASSWORD", "medical_user": "OWNER PASSWORD", "app": "CACHE PASSWORD"}
        self.users = {user: pulumi.Output.secret(word) for user, word in words.items()}
        self.ready: list[pulumi.Resource] = [random.RandomPassword(done, length=8)]


def build(hospital: Hospital) -> MedicalServices:
    """The services of ``hospital``, whose image nobody built."""
    macs = [MacStudio(name, MachineArgs.of(hospital, name, PRIVATE_KEY)) for name in hospital.macs]
    provider = kubernetes.Provider("cluster", kubeconfig=pulumi.Output.secret("kubeconfig"))
    authority = CertificateAuthority("authority", CertificateAuthorityArgs(hospital.name))
    bucket = Bucket("documents", pulumi.Output.secret("GK"), pulumi.Output.secret("STORE PASSWORD"))
    stores = Stores(authority, Store("records-done"), Store("cache-done"), bucket, document_key(keep=True))
    args = MedicalServicesArgs(hospital, Cluster(provider, [provider]), macs, RELEASE, UNBUILT, stores)
    return MedicalServices("services", args)


@pulumi.runtime.test
async def test_passwords_are_secret_and_the_owners_is_the_migrations_alone(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    serving = engine.named("services-secret-medical-api-services")
    migrating = engine.named("services-secret-medical-api-services-migration")
    assert "stringData" in serving.secrets & migrating.secrets
    assert set(serving.inputs["stringData"]) == {
        "authority",
        "records-password",
        "cache-password",
        "store-access-key",
        "store-secret-key",
        "document-keys",
    }
    assert set(migrating.inputs["stringData"]) == {"authority", "records-owner-password"}
    others = [one for one in engine.resources.values() if one not in (serving, migrating)]
    assert not [one.name for one in others if "PASSWORD" in str(one.inputs).replace("RandomPassword", "")]


@pulumi.runtime.test
async def test_tables_are_brought_up_to_date_before_any_new_pod(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    job = engine.named("services-migration")
    assert {"records-done", "mac-a-services-image", "mac-b-services-image"} <= job.depends_on
    assert job.inputs["metadata"]["name"] == "migrate-0123456789ab"
    deployments = engine.of_type(":Deployment")
    assert len(deployments) == 5
    assert all({"services-migration", "cache-done"} <= one.depends_on for one in deployments)


@pulumi.runtime.test
async def test_nothing_reaches_the_primary_before_the_secondary_serves(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    for role in (API, REALTIME):
        assert "mac-b-services-rollout" in engine.named(role.format(machine="mac-a")).depends_on
        assert "mac-a-services-rollout" not in engine.named(role.format(machine="mac-b")).depends_on
        for machine in hospital.macs:
            rollout = engine.named(f"{machine}-services-rollout")
            assert role.format(machine=machine) in rollout.depends_on
    assert "mac-a-services-rollout" in engine.named(WORKER).depends_on
    assert WORKER in engine.named("mac-a-services-workers").depends_on


@pulumi.runtime.test
async def test_who_waits_for_pods_is_told_which_and_what_they_are_made_from(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    told = str(engine.named("mac-b-services-rollout").inputs["stdin"]).split("#--payload--\n")[1]
    wanted = json.loads(told)
    assert wanted["release"] == RELEASE.id
    assert set(wanted["deployments"]) == {"api-mac-b", "realtime-mac-b"}
    for name, revision in wanted["deployments"].items():
        deployment = engine.named(f"services-deployment-medical-api-{name}")
        metadata = deployment.inputs["spec"]["template"]["metadata"]
        assert metadata["annotations"][REVISION] == revision
        assert not deployment.secrets
        # The engine neither waits nor quarrels: one owner writes all fields, whichever of the two it is.
        assert deployment.inputs["metadata"]["annotations"] == {
            "pulumi.com/skipAwait": "true",
            "pulumi.com/patchForce": "true",
            "pulumi.com/patchFieldManager": MANAGER,
        }
        assert wanted["manager"] == MANAGER


@pulumi.runtime.test
async def test_another_password_is_another_revision(engine: Engine, hospital: Hospital) -> None:
    services = build(hospital)
    await engine.settled()
    before = engine.named(WORKER).inputs["spec"]["template"]["metadata"]["annotations"][REVISION]
    services._secrets["services"]["cache-password"] = pulumi.Output.secret("ANOTHER")
    (again,) = services._edge_deployments(next(m for m in services._args.machines if m.name == "mac-a"))[:1]
    fixed, files = before.split("-")
    found = await again["spec"]["template"]["metadata"]["annotations"][REVISION].future()
    assert found.split("-")[1] != files
    assert len(fixed) == len(files) == 12


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
async def test_one_mac_has_one_of_each(engine: Engine) -> None:
    services = build(read_hospital(hospital_document("mvp")))
    await engine.settled()
    assert [one.inputs["spec"]["replicas"] for one in engine.of_type(":Deployment")] == [1, 1, 1]
    assert services.release == RELEASE.id


@pulumi.runtime.test
async def test_the_image_is_taken_apart_from_the_bundle(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    for step in ("services-image-room", "services-image"):
        assert "about services" in str(engine.named(f"mac-a-{step}").inputs["stdin"])


@pulumi.runtime.test
async def test_an_update_without_the_image_says_what_to_run(engine: Engine) -> None:
    with pytest.raises(pulumi.RunError, match=r"python -m lab\.images services"):
        services_for(RELEASE)


@pulumi.runtime.test
async def test_a_preview_works_without_the_image(preview: Engine, hospital: Hospital) -> None:
    assert services_for(RELEASE).image(SERVICES.repository).endswith(":unbuilt")


@pulumi.runtime.test
async def test_the_key_to_all_documents_is_never_deleted_by_an_update(
    engine: Engine, hospital: Hospital
) -> None:
    build(hospital)
    await engine.settled()
    key = engine.named("document-key")
    assert key.protected
    assert {"base64", "hex"} <= key.secret_outputs


PROVIDER = {"issuer": "https://sso.hospital.internal:8443/clinica", "address": "192.168.100.30"}
OUTSIDE = StackSecrets(
    provider={"oidc-client-secret": "CLIENT PASSWORD\n", "oidc-authority": "PROVIDER PEM"},
    signatures={"raizes": "ROOT PEM", "autoridades": "", "lcr": "LIST PASSWORD"},
)


def with_outside(document: dict[str, Any]) -> Hospital:
    """A hospital with an identity provider, that knows whose signatures count."""
    return read_hospital({**document, "identity_provider": PROVIDER}).knowing(OUTSIDE)


@pulumi.runtime.test
async def test_the_word_for_the_provider_and_the_trust_are_secret_files_and_nothing_else(
    engine: Engine,
) -> None:
    build(with_outside(hospital_document()))
    await engine.settled()
    serving = engine.named("services-secret-medical-api-services")
    trust = engine.named("services-secret-medical-api-services-signatures")
    assert "stringData" in serving.secrets & trust.secrets
    assert serving.inputs["stringData"].items() >= OUTSIDE.provider.items()
    assert trust.inputs["stringData"] == OUTSIDE.signatures
    migrating = engine.named("services-secret-medical-api-services-migration")
    assert set(migrating.inputs["stringData"]) == {"authority", "records-owner-password"}
    others = [one for one in engine.resources.values() if one not in (serving, trust, migrating)]
    assert not [one.name for one in others if "PASSWORD" in str(one.inputs).replace("RandomPassword", "")]


@pulumi.runtime.test
async def test_other_lists_of_revoked_certificates_are_another_revision(engine: Engine) -> None:
    services = build(with_outside(hospital_document()))
    await engine.settled()
    before = engine.named(WORKER).inputs["spec"]["template"]["metadata"]["annotations"][REVISION]
    services._secrets["services-signatures"]["lcr"] = pulumi.Output.secret("ANOTHER")
    (again,) = services._edge_deployments(next(m for m in services._args.machines if m.name == "mac-a"))[:1]
    found = await again["spec"]["template"]["metadata"]["annotations"][REVISION].future()
    assert found.split("-")[1] != before.split("-")[1]


@pulumi.runtime.test
async def test_a_hospital_without_them_has_no_secret_more(engine: Engine, hospital: Hospital) -> None:
    build(hospital)
    await engine.settled()
    assert {one.name for one in engine.of_type(":Secret")} == {
        "services-secret-medical-api-services",
        "services-secret-medical-api-services-migration",
    }
