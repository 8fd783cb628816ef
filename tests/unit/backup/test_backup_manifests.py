"""Backups: when, where to, for how long, and that no backup may stand in the way of a failover."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from components import backup_manifests as backups
from components.backup_manifests import SIDECAR_MEMORY
from components.object_store_endpoints import BUCKET
from components.record_sizes import Share
from components.restored import MEMORY as RESTORED_MEMORY
from components.restored import RESTORED, render_place, render_restored
from lab.images.catalogue import BARMAN, BARMAN_SIDECAR
from tests.unit.stack_files import hospital_of

RELEASE: list[dict[str, Any]] = [
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "objectstores.barmancloud.cnpg.io"},
        "spec": {"schema": {"description": "Where to.", "properties": {}}},
    },
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "plugin-barman-cloud-8tfddg42gf", "namespace": "cnpg-system"},
        "data": {"SIDECAR_IMAGE": "c29tZXRoaW5nOm1haW4="},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "barman-cloud", "namespace": "cnpg-system"},
        "spec": {"ports": [{"port": 9090}]},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "barman-cloud", "namespace": "cnpg-system"},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "barman-cloud",
                            "image": "ghcr.io/cloudnative-pg/plugin-barman-cloud-testing:main",
                            "args": ["operator", "--leader-elect", "--log-level=debug"],
                            "env": [{"name": "SIDECAR_IMAGE", "valueFrom": {}}],
                            "readinessProbe": {"initialDelaySeconds": 10, "periodSeconds": 10},
                        }
                    ]
                }
            },
        },
    },
    {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "barman-cloud-server"}},
    {"apiVersion": "cert-manager.io/v1", "kind": "Issuer", "metadata": {"name": "selfsigned-issuer"}},
]

LIVE: dict[str, Any] = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Cluster",
    "metadata": {"name": "records", "namespace": "medical-data", "uid": "1"},
    "spec": {
        "instances": 2,
        "imageName": "ghcr.io/cloudnative-pg/postgresql:17.6-trixie",
        "imagePullPolicy": "Never",
        "storage": {"storageClass": "records", "size": "2Gi"},
        "plugins": [backups.backup_plugin()],
        "postgresql": {
            "parameters": {"max_connections": "250", "shared_buffers": "25600MB", "archive_timeout": "30s"},
            "synchronous": {"method": "any", "number": 1},
        },
    },
}


def release(stack: str = "lab") -> list[dict[str, Any]]:
    return backups.render_plugin(RELEASE, hospital_of(stack))


def deployment(stack: str = "lab") -> dict[str, Any]:
    return next(one["spec"] for one in release(stack) if one["kind"] == "Deployment")


def test_no_certificate_manager_is_needed() -> None:
    assert {one["kind"] for one in release()} == {"CustomResourceDefinition", "Service", "Deployment"}


def test_an_operator_on_either_mac_finds_a_plugin_when_the_other_mac_is_dead() -> None:
    assert deployment()["replicas"] == 2
    (container,) = deployment()["template"]["spec"]["containers"]
    assert "--leader-elect" not in container["args"]
    (spread,) = deployment()["template"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    (service,) = [one for one in release() if one["kind"] == "Service"]
    assert service["spec"]["trafficDistribution"] == "PreferSameNode"


def test_a_pilot_has_one_plugin() -> None:
    assert deployment("mvp")["replicas"] == 1


def test_no_image_is_ever_pulled_and_all_are_of_the_bundle() -> None:
    (container,) = deployment()["template"]["spec"]["containers"]
    assert container["imagePullPolicy"] == "Never"
    assert container["image"] == f"{BARMAN.repository}:{BARMAN.tag}"
    (sidecar,) = [one["value"] for one in container["env"] if one["name"] == "SIDECAR_IMAGE"]
    assert sidecar == f"{BARMAN_SIDECAR.repository}:{BARMAN_SIDECAR.tag}"


def test_upstreams_release_is_not_changed_in_place() -> None:
    before = str(RELEASE)
    release()
    assert str(RELEASE) == before


def test_a_base_backup_is_made_every_night_at_two() -> None:
    spec = backups.render_schedule()["spec"]
    seconds, minutes, hours, *every_day = spec["schedule"].split()
    assert (seconds, minutes, hours) == ("0", "0", "2")
    assert every_day == ["*", "*", "*"]
    assert spec["cluster"] == {"name": "records"}


def test_the_log_of_the_database_is_archived_in_its_store() -> None:
    plugin = backups.backup_plugin()
    assert plugin["isWALArchiver"] is True
    store = backups.render_object_store(backups.Bucket("https://10.96.79.128:443", "hospital", BUCKET), 30)
    assert plugin["parameters"]["barmanObjectName"] == store["metadata"]["name"]
    assert store["spec"]["retentionPolicy"] == "30d"
    assert store["spec"]["configuration"]["endpointCA"]["name"] == backups.AUTHORITY_SECRET


def test_a_store_that_is_away_does_not_hold_up_a_promotion_for_long() -> None:
    store = backups.render_object_store(backups.Bucket("https://10.96.79.128:443", "hospital", BUCKET), 30)
    (attempts,) = store["spec"]["instanceSidecarConfiguration"]["env"]
    assert attempts == {"name": "AWS_MAX_ATTEMPTS", "value": "2"}


def test_policies_open_nothing_but_what_backups_need() -> None:
    ports = {
        port["port"]
        for one in backups.render_doors(hospital_of("lab"))
        for rule in [*one["spec"]["ingress"], *one["spec"]["egress"]]
        for port in rule["ports"]
    }
    assert ports == {53, 443, 3900, 6444, 9090}


# Restoring


def test_the_records_of_a_moment_are_asked_for_in_the_worlds_time() -> None:
    moment = datetime(2026, 11, 21, 9, 30, tzinfo=timezone(timedelta(hours=-3)))
    recovery = render_restored(LIVE, moment)["spec"]["bootstrap"]["recovery"]
    assert recovery["recoveryTarget"]["targetTime"] == "2026-11-21 12:30:00+00:00"


def test_a_restored_database_takes_part_in_nothing() -> None:
    spec = render_restored(LIVE, datetime.now(UTC))["spec"]
    assert "plugins" not in spec, "it would write into the archive that it was made from"
    assert spec["instances"] == 1
    assert "synchronous" not in spec["postgresql"]
    assert spec["storage"] == {"storageClass": RESTORED, "size": "2Gi"}


def test_recovery_gets_the_settings_that_the_log_was_written_with() -> None:
    parameters = render_restored(LIVE, datetime.now(UTC))["spec"]["postgresql"]["parameters"]
    assert parameters["max_connections"] == "250"
    assert parameters["shared_buffers"] == "64MB"


def test_a_restored_database_has_a_place_of_its_own() -> None:
    _, volume, policy = render_place("mac-b", "2Gi")
    assert volume["metadata"]["name"] == f"{RESTORED}-mac-b"
    assert volume["spec"]["local"]["path"].endswith(RESTORED)
    assert policy["spec"]["podSelector"] == {"matchLabels": {"cnpg.io/cluster": RESTORED}}


@pytest.mark.parametrize("stack", ["prod", "mvp", "lab", "lab-mvp"])
def test_there_is_room_to_restore_beside_the_running_records(stack: str) -> None:
    hospital = hospital_of(stack)
    budget = hospital.budgets.data
    carrier, restored = megabytes(SIDECAR_MEMORY), megabytes(RESTORED_MEMORY)
    running = Share.of(budget).memory_mb + carrier + budget.memory_gb * 1000 / 4
    quota = budget.memory_gb * 2**30 / 10**6
    assert len(hospital.macs) * (quota - running) >= restored + carrier


def megabytes(quantity: str) -> int:
    assert quantity.endswith("M")
    return int(quantity[:-1])
