"""The object store's manifests: where its parts are, what a power cut may cost, who may come in."""

import tomllib
from typing import Any

import pytest

from components import object_store_manifests as manifests
from components.cache_endpoints import sentinel_endpoints, server_endpoints
from components.database_endpoints import instance_addresses
from components.object_store_endpoints import (
    NAMESPACE,
    replicas,
    store_address,
    store_endpoint,
    store_parts,
)
from components.object_store_pods import DOOR_IMAGE, STORE_IMAGE
from components.object_store_settings import memory, render_door, render_settings
from infra.config.model import Hospital
from lab.image import consumer
from lab.images.catalogue import OBJECT_STORE, STORE_DOOR
from tests.unit.stack_files import hospital_of

IDENTITIES = {
    f"store-{machine}": digit * 64 for machine, digit in (("mac-a", "a"), ("mac-b", "b"), ("witness", "c"))
}


def rendered(hospital: Hospital) -> list[Any]:
    names = [part.name for part in store_parts(hospital)]
    texts = dict.fromkeys(names, "text")
    return list(manifests.render_store(hospital, texts, dict.fromkeys(names, "1"), "medical-data"))


def of_kind(hospital: Hospital, kind: str) -> list[Any]:
    return [one for one in rendered(hospital) if one["kind"] == kind]


def settings(stack: str, part: int = 0) -> dict[str, Any]:
    hospital = hospital_of(stack)
    one = store_parts(hospital)[part]
    identities = {other.name: IDENTITIES.get(other.name, "d" * 64) for other in store_parts(hospital)}
    return tomllib.loads(render_settings(hospital, one, identities))


def test_every_machine_holds_a_part_and_each_part_stays_on_its_machine() -> None:
    hospital = hospital_of("lab")
    places = [
        one["spec"]["template"]["spec"]["nodeSelector"]["kubernetes.io/hostname"]
        for one in of_kind(hospital, "StatefulSet")
    ]
    assert places == list(hospital.nodes)


def test_three_copies_outlive_a_machine_and_one_machine_has_one() -> None:
    assert replicas(hospital_of("prod")) == settings("prod")["replication_factor"] == 3
    assert replicas(hospital_of("mvp")) == settings("mvp")["replication_factor"] == 1


def test_what_was_acknowledged_is_on_a_disk() -> None:
    assert settings("prod")["metadata_fsync"] is True
    assert settings("prod")["data_fsync"] is True


def test_a_part_knows_all_others_by_key_and_address_and_not_itself() -> None:
    hospital = hospital_of("lab")
    _, b, c = store_parts(hospital)
    assert settings("lab")["bootstrap_peers"] == [
        f"{IDENTITIES['store-mac-b']}@{b.address}:3901",
        f"{IDENTITIES['store-witness']}@{c.address}:3901",
    ]
    assert settings("mvp")["bootstrap_peers"] == []


def test_without_tls_the_store_answers_its_own_pod_alone() -> None:
    assert settings("lab")["s3_api"]["api_bind_addr"].startswith("127.0.0.1:")
    assert settings("lab")["admin"]["api_bind_addr"].startswith("127.0.0.1:")


def test_no_address_is_given_twice_in_the_cluster() -> None:
    hospital = hospital_of("lab")
    addresses = [
        store_address(hospital),
        *(part.address for part in store_parts(hospital)),
        *(one.address for one in instance_addresses(hospital)),
        *(one.address for one in server_endpoints(hospital)),
        *(one.address for one in sentinel_endpoints(hospital)),
    ]
    assert len(addresses) == len(set(addresses))
    assert all(one in hospital.kubernetes.service_network for one in addresses)


def test_the_endpoint_is_an_address_because_a_restore_may_have_no_names() -> None:
    hospital = hospital_of("lab")
    assert store_endpoint(hospital) == f"https://{store_address(hospital)}:443"


def test_a_client_is_answered_by_the_part_beside_it_first() -> None:
    hospital = hospital_of("lab")
    (service,) = [one for one in of_kind(hospital, "Service") if "trafficDistribution" in one["spec"]]
    assert service["spec"]["trafficDistribution"] == "PreferSameNode"
    assert service["spec"]["clusterIP"] == str(store_address(hospital))


def test_parts_meet_before_they_are_fit_to_serve() -> None:
    peers = [one for one in of_kind(hospital_of("lab"), "Service") if one["metadata"]["name"] != NAMESPACE]
    assert len(peers) == 3
    assert all(one["spec"]["publishNotReadyAddresses"] for one in peers)


def test_an_update_does_not_wait_for_parts_that_its_own_next_step_makes_fit() -> None:
    for kind in ("StatefulSet", "Service"):
        for one in of_kind(hospital_of("lab"), kind):
            assert one["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_only_databases_restores_of_the_records_and_services_with_documents_come_in() -> None:
    (policy,) = of_kind(hospital_of("lab"), "NetworkPolicy")
    assert policy["spec"]["podSelector"] == {}
    clients, peers = policy["spec"]["ingress"]
    comers = [
        (
            one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            one["podSelector"]["matchLabels"],
        )
        for one in clients["from"]
    ]
    assert comers == [
        ("medical-data", manifests.CLIENTS),
        ("medical-data", manifests.RESTORERS),
        ("medical-api", manifests.DOCUMENT_CLIENTS),
    ]
    assert clients["ports"] == [{"protocol": "TCP", "port": 3900}]
    assert peers["ports"] == policy["spec"]["egress"][0]["ports"] == [{"protocol": "TCP", "port": 3901}]


def test_nothing_in_the_namespace_has_a_right_it_does_not_need() -> None:
    labels = manifests.render_namespace()["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for one in of_kind(hospital_of("lab"), "StatefulSet"):
        pod = one["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert all(box["securityContext"]["readOnlyRootFilesystem"] for box in pod["containers"])


def test_an_update_of_the_stack_deletes_no_backup() -> None:
    policies = [
        one["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"]
        for one in of_kind(hospital_of("prod"), "StatefulSet")
    ]
    assert policies == ["Retain"] * 3


def test_images_are_those_of_the_bundle() -> None:
    assert f"{OBJECT_STORE.repository}:{OBJECT_STORE.tag}" == STORE_IMAGE
    assert f"{STORE_DOOR.repository}:{STORE_DOOR.tag}" == DOOR_IMAGE


@pytest.mark.parametrize("stack", ["lab", "prod"])
def test_a_part_takes_a_small_share_of_the_data_budget(stack: str) -> None:
    hospital = hospital_of(stack)
    assert 100e6 <= memory(hospital) <= hospital.budgets.data.memory_gb * 1e9 / 16


def test_haproxy_accepts_the_doors_configuration() -> None:
    certificate = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=store -days 1 "
        "-keyout key.pem -out cert.pem 2>/dev/null && mkdir /certificate && "
        "cat cert.pem key.pem > /certificate/store.pem"
    )
    said = consumer(["sh", "-c", f"{certificate} && haproxy -c -f door.cfg"], {"door.cfg": render_door()})
    assert said.returncode == 0, said.stdout + said.stderr
