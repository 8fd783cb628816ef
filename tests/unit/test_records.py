"""The database of the medical records: what its manifest promises, for every hospital."""

import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components import records
from components.database_endpoints import CERTIFICATE_NAME, CLUSTER, instance_addresses
from components.pools import render_pools
from components.record_access import (
    PG_HBA,
    ROLES,
    SETUP,
    USERS,
    certificate_addresses,
    certificate_names,
    render_policies,
    render_services,
)
from components.record_sizes import Share, connections, log_settings, memory_settings
from components.records import PROBES, Records, parameters, render_cluster, render_queries
from infra.config.model import Database, Detector, Hospital
from infra.config.node import Budget
from infra.config.units import storage_bytes
from tests.unit.stack_files import hospital_of

IMAGE = "ghcr.io/cloudnative-pg/postgresql:17.6-trixie"


def spec(hospital: Hospital | str = "lab", **more: Any) -> dict[str, Any]:
    known = hospital_of(hospital) if isinstance(hospital, str) else hospital
    return dict(render_cluster(Records(known, IMAGE, "records", **more))["spec"])


# Losing a machine


def test_each_mac_has_an_instance_and_no_mac_two() -> None:
    assert spec()["instances"] == 2
    assert spec()["affinity"]["podAntiAffinityType"] == "required"
    assert spec()["affinity"]["topologyKey"] == "kubernetes.io/hostname"


def test_a_commit_is_on_both_while_both_live_and_whoever_missed_one_is_not_promoted() -> None:
    assert spec()["postgresql"]["synchronous"] == {
        "method": "any",
        "number": 1,
        "dataDurability": "preferred",
        "failoverQuorum": True,
    }


def test_only_who_restores_or_rewinds_asks_the_archive(tmp_path: Path) -> None:
    command = records.RESTORE.replace("/controller/manager", "echo asked").replace("%f %p", "000A file")
    asks = partial(subprocess.run, ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert asks().stdout.startswith("asked wal-restore"), "pg_rewind is in no data directory"
    (tmp_path / "PG_VERSION").touch()
    assert (asks().stdout, asks().returncode) == ("", 1), "a standby on its way to be primary"
    (tmp_path / "recovery.signal").touch()
    assert asks().stdout.startswith("asked wal-restore")
    assert spec()["bootstrap"]["initdb"]["postInitSQL"] == [
        f"ALTER SYSTEM SET restore_command = '{records.RESTORE}'"
    ]


def test_a_single_mac_waits_for_nobody() -> None:
    alone = spec("mvp")
    assert alone["instances"] == 1
    assert "synchronous" not in alone["postgresql"]
    assert alone["enablePDB"] is False


def test_the_leases_follow_the_clocks() -> None:
    hospital = hospital_of("lab")
    calm = spec(hospital)["primaryLease"]
    without = hospital.model_copy(update={"detector": Detector(enabled=False)})
    fast = spec(without)["primaryLease"]
    assert calm == {"leaseDurationSeconds": 6, "renewDeadlineSeconds": 4, "retryPeriodSeconds": 1}
    assert fast == {"leaseDurationSeconds": 3, "renewDeadlineSeconds": 2, "retryPeriodSeconds": 1}


def test_an_isolated_primary_is_gone_within_ten_seconds() -> None:
    liveness = PROBES["liveness"]
    check = liveness["isolationCheck"]
    assert check["enabled"] is True
    # The API is given 0.5 s by CloudNativePG itself.
    each = max(liveness["periodSeconds"], 0.5 + check["connectionTimeout"] / 1000)
    found_out = liveness["periodSeconds"] + each * liveness["failureThreshold"]
    assert found_out + liveness["terminationGracePeriodSeconds"] < 10
    assert spec()["smartShutdownTimeout"] == 0


def test_a_probe_outlives_the_questions_it_asks() -> None:
    # Else a slow API alone would count as isolation, and kill a healthy primary.
    liveness = PROBES["liveness"]
    # It asks itself too, first or last.
    asked = 0.5 + 2 * liveness["isolationCheck"]["requestTimeout"] / 1000
    assert liveness["timeoutSeconds"] > asked


def test_a_silent_partner_is_given_up_before_clients_notice() -> None:
    chosen = parameters(Records(hospital_of("lab"), IMAGE, "records"))
    assert chosen["wal_sender_timeout"] == "2s"
    assert chosen["wal_receiver_timeout"] == "1500ms"


def test_the_primary_can_always_be_asked_whom_its_commits_wait_for() -> None:
    assert spec()["postgresql"]["parameters"]["cnpg.synchronous_standby_names_metadata"] == ""


def test_logical_slots_survive_a_failover() -> None:
    assert spec()["replicationSlots"]["highAvailability"]["synchronizeLogicalDecoding"] is True
    assert spec()["postgresql"]["parameters"]["sync_replication_slots"] == "on"
    assert spec()["postgresql"]["parameters"]["hot_standby_feedback"] == "on"


def test_nothing_is_pulled_and_the_log_leaves_every_30_seconds() -> None:
    assert spec()["imagePullPolicy"] == "Never"
    assert spec()["postgresql"]["parameters"]["archive_timeout"] == "30s"


def test_plugins_are_named_in_the_manifest() -> None:
    plugin = {"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": True}
    assert spec(plugins=(plugin,))["plugins"] == [plugin]
    assert "plugins" not in spec()


def test_the_volume_is_as_large_as_the_stack_file_says() -> None:
    assert spec("prod")["storage"] == {"storageClass": "records", "size": "4Ti"}


# Sizes

budgets = st.builds(
    Budget,
    memory_gb=st.integers(2, 512),
    cpu_cores=st.integers(1, 32),
    gpu_cores=st.just(0),
    neural_engine_cores=st.just(0),
)


@given(budget=budgets)
def test_the_records_never_get_more_than_their_share(budget: Budget) -> None:
    share = Share.of(budget)
    assert 0 < share.memory_mb <= budget.memory_gb * 1000 / 2
    assert 0 < share.cpu_millis <= budget.cpu_cores * 1000 * 3 / 4


def _megabytes(text: str) -> int:
    return int(text.removesuffix("MB"))


@given(budget=budgets, users=st.integers(1, 2000))
def test_postgresql_fits_into_its_container(budget: Budget, users: int) -> None:
    share = Share.of(budget)
    chosen = memory_settings(share, users)
    everybody = _megabytes(chosen["work_mem"]) * connections(users)
    mib = share.memory_mb * 10**6 // 2**20
    assert _megabytes(chosen["shared_buffers"]) + _megabytes(chosen["maintenance_work_mem"]) <= mib // 2
    assert everybody <= max(mib // 4, 4 * connections(users))


@given(gibibytes=st.integers(1, 8192))
def test_the_write_ahead_log_never_fills_the_volume(gibibytes: int) -> None:
    chosen = log_settings(f"{gibibytes}Gi")
    kept = _megabytes(chosen["max_slot_wal_keep_size"]) + _megabytes(chosen["max_wal_size"])
    assert kept * 2**20 <= storage_bytes(f"{gibibytes}Gi") / 2
    assert _megabytes(chosen["min_wal_size"]) <= _megabytes(chosen["max_wal_size"])


@pytest.mark.parametrize("stack", ["mvp", "prod", "lab", "lab-mvp"])
def test_the_instances_fit_into_the_pools_quota(stack: str) -> None:
    hospital = hospital_of(stack)
    (quota,) = (
        one["spec"]["hard"]
        for one in render_pools(hospital)
        if one["kind"] == "ResourceQuota" and one["metadata"]["namespace"] == "medical-data"
    )
    share, macs = Share.of(hospital.budgets.data), len(hospital.macs)
    assert share.memory_mb * 10**6 * macs < storage_bytes_of(quota["requests.memory"])
    assert share.cpu_millis * macs < float(quota["requests.cpu"]) * 1000


def storage_bytes_of(memory: str) -> float:
    return float(memory.removesuffix("Gi")) * 2**30


def test_memory_is_written_as_the_api_server_writes_it() -> None:
    assert Share(2000, 500).resources["limits"] == {"memory": "2G"}
    assert Share(2500, 500).resources["limits"] == {"memory": "2500M"}


def test_memory_is_promised_and_never_exceeded() -> None:
    resources = spec()["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"] == "2G"
    assert resources["requests"]["cpu"] == "750m"
    assert "cpu" not in resources["limits"]


# Access


def test_nobody_gets_in_without_tls_and_a_password() -> None:
    *doors, last = PG_HBA
    assert last == "host all all all reject"
    assert all(line.startswith("hostssl ") and line.endswith(" scram-sha-256") for line in doors)


def test_every_user_has_a_door_and_only_known_users_have() -> None:
    named = {user for line in PG_HBA[:-1] for user in line.split()[2].split(",")}
    assert named == set(USERS)


def test_no_role_is_more_than_it_needs() -> None:
    for role in ROLES:
        assert not any(role[right] for right in ("superuser", "createdb", "createrole", "replication"))
        assert role["bypassrls"] is False
    rights = {role["name"]: role["inRoles"] for role in ROLES}
    assert rights == {"medical_app": [], "medical_read": [], "monitoring": ["pg_monitor"]}


def test_readers_are_given_nothing_but_reading() -> None:
    grants = [line for line in SETUP if line.endswith("medical_read")]
    assert grants
    assert all("GRANT SELECT ON TABLES" in line or "USAGE ON SCHEMA" in line for line in grants)


def test_the_service_may_change_rows_but_no_table() -> None:
    words = " ".join(line for line in SETUP if "medical_app" in line)
    assert "SELECT, INSERT, UPDATE, DELETE ON TABLES" in words
    assert not any(word in words for word in ("TRUNCATE", "CREATE ON", "ALL ON"))


def test_no_patients_data_reaches_a_log() -> None:
    chosen = spec()["postgresql"]["parameters"]
    assert chosen["log_parameter_max_length"] == "0"
    assert chosen["log_min_error_statement"] == "panic"


# Addresses


def test_the_certificate_is_good_for_every_way_in() -> None:
    hospital = hospital_of("lab")
    names, addresses = certificate_names(hospital), certificate_addresses(hospital)
    assert {CERTIFICATE_NAME, hospital.domain, "records-1.medical-data.svc"} <= set(names)
    assert str(hospital.edge.address) in addresses
    assert {str(one.address) for one in instance_addresses(hospital)} <= set(addresses)


def test_each_instance_has_its_fixed_address_even_while_it_is_not_ready() -> None:
    hospital = hospital_of("lab")
    services = render_services(hospital)
    assert [one["spec"]["clusterIP"] for one in services] == [
        str(one.address) for one in instance_addresses(hospital)
    ]
    for service in services:
        assert service["spec"]["publishNotReadyAddresses"] is True
        assert service["spec"]["selector"] == {
            "cnpg.io/cluster": CLUSTER,
            "cnpg.io/instanceName": service["metadata"]["name"],
        }


def _allowed(rules: list[dict[str, Any]], peer: str) -> set[tuple[str, int]]:
    return {
        (str(where), port["port"])
        for rule in rules
        for one in rule[peer]
        for port in rule["ports"]
        for where in [one["ipBlock"]["cidr"] if "ipBlock" in one else one["podSelector"]["matchLabels"]]
    }


def test_exactly_these_reach_an_instance() -> None:
    hospital = hospital_of("lab")
    (policy,) = render_policies(hospital)
    machines = [f"{node.debian_address}/32" for node in hospital.nodes.values()]
    members, operator = str({"cnpg.io/cluster": "records"}), str({"app.kubernetes.io/name": "cloudnative-pg"})
    assert _allowed(policy["spec"]["ingress"], "from") == {
        *((machine, port) for machine in machines for port in (5432, 8000, 9187)),
        *((members, port) for port in (5432, 8000)),
        (operator, 8000),
    }


def test_an_instance_reaches_only_its_api_names_and_the_other_instance() -> None:
    hospital = hospital_of("lab")
    (policy,) = render_policies(hospital)
    members, names = str({"cnpg.io/cluster": "records"}), str({"k8s-app": "kube-dns"})
    assert _allowed(policy["spec"]["egress"], "to") == {
        *((address, port) for address in ("10.254.0.1/32", "10.96.0.1/32") for port in (443, 6444)),
        *((members, port) for port in (5432, 8000)),
        (names, 53),
    }


# Measures


def test_every_lag_tells_its_unit_in_its_name() -> None:
    queries = yaml.safe_load(render_queries()["data"]["queries.yaml"])
    gauges = [
        name
        for query in queries.values()
        for metric in query["metrics"]
        for name, meaning in metric.items()
        if meaning["usage"] == "GAUGE"
    ]
    assert gauges
    assert all(name.endswith(("_seconds", "_bytes", "_count")) for name in gauges)


def test_a_larger_database_asks_for_a_larger_volume() -> None:
    hospital = hospital_of("lab").model_copy(update={"database": Database(size="3Gi")})
    assert spec(hospital)["storage"]["size"] == "3Gi"
