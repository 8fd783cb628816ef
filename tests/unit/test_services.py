"""What the renderers of the hospital's own services promise, for any hospital."""

import json
from ipaddress import IPv4Address
from typing import Any

from hypothesis import given, settings

from app.checks import FIRST_ANSWER
from app.settings import ServiceRole, Settings
from components.cache_endpoints import sentinel_endpoints, server_endpoints
from components.database_endpoints import instance_addresses
from components.node_network import pod_network
from components.object_store_endpoints import store_address, store_parts
from components.record_sizes import connections
from components.services_endpoints import EDGE_ROLES, service_endpoints
from components.services_manifests import render_secret, render_services
from components.services_pods import CREDENTIALS, FINISH, PROGRESS, Made, drain, environment
from components.services_sizes import LEAST_MEMORY_MIB, ROLES, ServiceSizes
from components.services_workloads import REVISION, render_edge_deployment, render_migration, render_worker
from infra.config.capacity_rules import LEAST_SERVICE_GB
from infra.config.model import Hospital, IdentityProvider
from infra.config.rto import Clocks
from infra.config.secrets import StackSecrets
from tests.strategies import hospitals
from tests.unit.stack_files import hospital_of

LAB, PILOT, PROD = hospital_of("lab"), hospital_of("mvp"), hospital_of("prod")
IMAGE = "prontuario.internal/services:1.2.3-0123456789ab-x86_64"
RELEASE = "1.2.3-0123456789ab-x86_64"
PROVIDER = IdentityProvider(
    issuer="https://sso.hospital.internal/clinica", address=IPv4Address("192.168.100.30")
)
TRUSTING = LAB.model_copy(update={"identity_provider": PROVIDER}).knowing(
    StackSecrets({"oidc-client-secret": "WORD"}, {"raizes": "ROOT", "autoridades": "", "lcr": "LIST"})
)


def workloads(hospital: Hospital) -> list[dict[str, Any]]:
    """Every Deployment, by the order in which they are rolled out."""
    made = Made(hospital, IMAGE)
    edge = [
        render_edge_deployment(made, endpoint, "revision")
        for role in EDGE_ROLES
        for endpoint in service_endpoints(hospital, role)
    ]
    return [*edge, render_worker(made, "revision")]


def migration(hospital: Hospital = LAB) -> dict[str, Any]:
    return render_migration(Made(hospital, IMAGE), RELEASE)


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    """The pod of a Deployment or a Job."""
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def of_kind(kind: str, hospital: Hospital = LAB) -> dict[str, dict[str, Any]]:
    """The objects around the pods, by name."""
    return {one["metadata"]["name"]: one for one in render_services(hospital) if one["kind"] == kind}


def told(hospital: Hospital, role: ServiceRole) -> dict[str, str]:
    """A process's environment, with what a pod on the first Mac would be told of itself."""
    itself = {"PRONTUARIO_MACHINE": next(iter(hospital.macs)), "PRONTUARIO_ADDRESS": "10.244.0.7"}
    fixed = {one["name"]: one["value"] for one in environment(Made(hospital, IMAGE), role) if "value" in one}
    return {**itself, **fixed}


@settings(max_examples=40, deadline=None)
@given(hospital=hospitals())
def test_the_application_reads_its_environment(hospital: Hospital) -> None:
    for role in ROLES:
        read = Settings.from_environment(told(hospital, role))
        assert read.role is role
        assert (read.records_address, read.port) == (hospital.edge.address, hospital.service.port)
        assert read.records_standbys == read.cache_replicas == len(hospital.macs) - 1
        assert len(read.cache_sentinels) == len(hospital.nodes)
        assert (read.institution, read.cnes) == (hospital.institution.name, hospital.institution.cnes)
        assert str(read.secret_path("authority")) == f"{CREDENTIALS}/authority"
        known = {f"PRONTUARIO_{field.upper()}" for field in Settings.model_fields}
        assert set(told(hospital, role)) <= known | {"CREDENTIALS_DIRECTORY"}


@settings(max_examples=60, deadline=None)
@given(hospital=hospitals())
def test_no_mac_runs_more_than_its_budgets_even_in_a_rollout(hospital: Hospital) -> None:
    sizes = ServiceSizes.of(hospital)
    one_more = {role: count + 1 for role, count in sizes.processes.items()}
    assert sizes.memory_mib * sum(one_more.values()) <= hospital.service.memory_gb * 1024
    promised = sum(sizes.cpu_millis[role] * count for role, count in one_more.items())
    assert promised <= hospital.budgets.api.cpu_cores * 1000 / 9 + sum(one_more.values())
    assert sizes.memory_mib >= LEAST_MEMORY_MIB
    assert all(count >= 1 for count in sizes.processes.values())


@settings(max_examples=60, deadline=None)
@given(hospital=hospitals())
def test_all_processes_together_leave_the_records_connections_for_their_keepers(hospital: Hospital) -> None:
    sizes = ServiceSizes.of(hospital)
    everywhere = (sum(sizes.processes.values()) + len(ROLES)) * len(hospital.macs)
    if sizes.records_connections > 1:
        assert everywhere * (sizes.records_connections + 1) <= connections(hospital.service.users) - 50


def test_the_least_memory_that_is_accepted_is_enough_for_the_smallest_hospital() -> None:
    assert 2 * len(ROLES) * LEAST_MEMORY_MIB <= LEAST_SERVICE_GB * 1024


def test_a_mac_of_the_hospital_answers_with_most_of_its_cores_and_a_pilot_has_one_of_each() -> None:
    assert ServiceSizes.of(PROD).processes == {
        ServiceRole.API: 6,
        ServiceRole.REALTIME: 1,
        ServiceRole.WORKER: 1,
    }
    assert set(ServiceSizes.of(PILOT).processes.values()) == {1}
    assert [one["spec"]["replicas"] for one in workloads(PILOT)] == [1, 1, 1]


def test_quantities_are_written_as_the_api_server_writes_them() -> None:
    sizes = ServiceSizes({}, 2048, {ServiceRole.API: 2000}, 1)
    assert sizes.resources(ServiceRole.API)["requests"] == {"memory": "2Gi", "cpu": "2"}
    sizes = ServiceSizes({}, 341, {ServiceRole.API: 99}, 1)
    assert sizes.resources(ServiceRole.API)["requests"] == {"memory": "341Mi", "cpu": "99m"}


@settings(max_examples=40, deadline=None)
@given(hospital=hospitals())
def test_every_address_is_a_machines_own_and_nobody_elses(hospital: Hospital) -> None:
    ours = [one for role in EDGE_ROLES for one in service_endpoints(hospital, role)]
    addresses = [one.address for one in ours]
    others = [
        *(one.address for one in (*server_endpoints(hospital), *sentinel_endpoints(hospital))),
        *(one.address for one in instance_addresses(hospital)),
        *(one.address for one in store_parts(hospital)),
        store_address(hospital),
    ]
    assert len(set(addresses)) == len(EDGE_ROLES) * len(hospital.macs)
    assert not set(addresses) & set(others)
    assert all(one in hospital.kubernetes.service_network for one in addresses)
    services = of_kind("Service", hospital)
    for one, deployment in zip(ours, workloads(hospital), strict=False):
        selector = services[one.name]["spec"]["selector"]
        assert services[one.name]["spec"]["clusterIP"] == str(one.address)
        assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
        assert deployment["spec"]["selector"]["matchLabels"] == selector
        assert pod(deployment)["nodeSelector"] == {"kubernetes.io/hostname": one.machine}


def test_an_address_stays_its_machines_when_the_macs_change_roles() -> None:
    nodes = dict(LAB.nodes)
    nodes["mac-a"] = LAB.nodes["mac-a"].model_copy(update={"role": "secondary"})
    nodes["mac-b"] = LAB.nodes["mac-b"].model_copy(update={"role": "primary"})
    swapped = LAB.model_copy(update={"nodes": nodes})
    before = {one.machine: one.address for one in service_endpoints(LAB, ServiceRole.API)}
    assert {one.machine: one.address for one in service_endpoints(swapped, ServiceRole.API)} == before


def test_only_ready_pods_are_answered_for() -> None:
    for service in of_kind("Service").values():
        assert "publishNotReadyAddresses" not in service["spec"]


def test_a_new_pod_serves_before_an_old_one_goes() -> None:
    for one in workloads(LAB):
        assert one["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        assert one["spec"]["minReadySeconds"] < one["spec"]["progressDeadlineSeconds"]


def test_a_release_that_never_reached_the_records_fails_before_it_offers_itself() -> None:
    assert PROGRESS < FIRST_ANSWER


@settings(max_examples=40, deadline=None)
@given(hospital=hospitals())
def test_a_pod_that_ends_answers_until_nobody_asks_and_then_finishes(hospital: Hospital) -> None:
    noticed = min(Clocks.of(hospital.edge).detection / 1000, 30)
    assert drain(hospital) >= noticed
    for one in workloads(hospital):
        assert pod(one)["terminationGracePeriodSeconds"] >= drain(hospital) + FINISH
        read = Settings.from_environment(told(hospital, ServiceRole.API))
        assert (read.drain, read.finish) == (round(drain(hospital), 6), FINISH)


def test_live_asks_only_whether_it_turns_and_ready_whether_it_serves() -> None:
    for one in workloads(LAB):
        (container,) = pod(one)["containers"]
        paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness")}
        assert set(paths.values()) == {"/live"}
        assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
        patience = (
            container["livenessProbe"]["periodSeconds"] * container["livenessProbe"]["failureThreshold"]
        )
        assert patience >= 30


def test_pods_of_the_edge_wait_for_their_mac_and_workers_move_soon() -> None:
    *edge, worker = workloads(LAB)
    for one in edge:
        assert all("tolerationSeconds" not in toleration for toleration in pod(one)["tolerations"])
    assert {toleration["tolerationSeconds"] for toleration in pod(worker)["tolerations"]} == {10}
    (spread,) = pod(worker)["topologySpreadConstraints"]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"
    assert spread["labelSelector"]["matchLabels"] == worker["spec"]["selector"]["matchLabels"]
    # The zone of a Mac that is away must not hold up the other's.
    assert spread["nodeTaintsPolicy"] == "Honor"


def test_containers_have_no_right_they_do_not_need() -> None:
    for one in (*workloads(LAB), migration()):
        assert pod(one)["automountServiceAccountToken"] is False
        assert pod(one)["securityContext"]["runAsNonRoot"] is True
        assert pod(one)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = pod(one)["containers"]
        assert container["imagePullPolicy"] == "Never"
        rights = container["securityContext"]
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
        assert all("medium" in volume["emptyDir"] for volume in pod(one)["volumes"] if "emptyDir" in volume)


def test_only_the_migration_is_the_tables_owner() -> None:
    def secrets(one: dict[str, Any]) -> set[str]:
        return {volume["secret"]["secretName"] for volume in pod(one)["volumes"] if "secret" in volume}

    assert {name for one in workloads(LAB) for name in secrets(one)} == {"services"}
    assert secrets(migration()) == {"services-migration"}
    (container,) = pod(migration())["containers"]
    assert container["args"] == ["migrate"]


def test_a_failed_migration_is_tried_anew_and_a_new_release_has_one_of_its_own() -> None:
    assert migration()["metadata"]["annotations"] == {"pulumi.com/replaceUnready": "true"}
    assert migration()["metadata"]["name"] == "migrate-0123456789ab"
    # A pod that is new each time would each time ask before its walls have a door.
    assert pod(migration())["restartPolicy"] == "OnFailure"


def test_a_process_is_reached_by_the_machines_and_reaches_its_stores_and_nothing_else() -> None:
    policies = of_kind("NetworkPolicy")
    assert set(policies) == {*map(str, ROLES), "migration"}
    for role in ROLES:
        spec = policies[str(role)]["spec"]
        (entrance,) = spec["ingress"]
        assert {peer["ipBlock"]["cidr"] for peer in entrance["from"]} == {
            f"192.168.100.1{number}/32" for number in range(3)
        }
        assert entrance["ports"] == [{"protocol": "TCP", "port": 8000}]
        ways = {port["port"]: rule["to"] for rule in spec["egress"] for port in rule["ports"]}
        assert set(ways) == {5432, 6379, 26379, 3900}
        assert ways[5432] == [{"ipBlock": {"cidr": "192.168.100.100/32"}}]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert policies["migration"]["spec"]["ingress"] == []
    assert len(policies["migration"]["spec"]["egress"]) == 1


def test_every_pod_is_behind_one_of_the_walls() -> None:
    policies = [one["spec"]["podSelector"]["matchLabels"] for one in of_kind("NetworkPolicy").values()]
    for one in (*workloads(LAB), migration()):
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert sum(selector.items() <= labels.items() for selector in policies) == 1


def test_one_mac_may_be_worked_on_and_not_both() -> None:
    budgets = {name: one["spec"] for name, one in of_kind("PodDisruptionBudget", PROD).items()}
    assert {name: spec["minAvailable"] for name, spec in budgets.items()} == {
        "api": 6,
        "realtime": 1,
        "worker": 1,
    }
    pilot = of_kind("PodDisruptionBudget", PILOT).values()
    assert {one["spec"]["minAvailable"] for one in pilot} == {0}


def test_no_pod_counts_in_two_disruption_budgets() -> None:
    # Two that select the same pod make every eviction an error: the pool's own counts none of these.
    for one in workloads(LAB):
        assert "prontuario.hospital/pool" not in one["spec"]["template"]["metadata"]["labels"]


def test_the_machines_ends_of_the_pods_networks_may_say_who_asks() -> None:
    read = Settings.from_environment(told(LAB, ServiceRole.API))
    named = set(map(str, read.edge_addresses))
    assert {str(node.debian_address) for node in LAB.nodes.values()} <= named
    assert {str(pod_network(LAB, name)[1]) for name in LAB.nodes} <= named


def test_a_start_is_held_back_only_where_machines_share_a_processor() -> None:
    shares = [Settings.from_environment(told(one, ServiceRole.API)).start_share for one in (LAB, PILOT, PROD)]
    assert shares == [0.15, 1, 1]


def test_a_revision_is_on_the_pods_and_no_password_is_in_a_manifest() -> None:
    for one in workloads(LAB):
        assert one["spec"]["template"]["metadata"]["annotations"] == {REVISION: "revision"}
    everything = json.dumps([*workloads(LAB), migration(), *render_services(LAB)])
    assert "PASSWORD" not in everything.upper().replace("RECORDS-PASSWORD", "")
    assert render_secret("services", {"authority": "PEM"})["stringData"] == {"authority": "PEM"}


def test_a_process_is_told_of_the_provider_and_where_the_trust_lies() -> None:
    read = Settings.from_environment(told(TRUSTING, ServiceRole.API))
    assert (read.oidc_issuer, read.oidc_client) == (PROVIDER.issuer, "prontuario")
    for one in workloads(TRUSTING):
        spec = pod(one)
        assert spec["hostAliases"] == [{"ip": "192.168.100.30", "hostnames": ["sso.hospital.internal"]}]
        (container,) = spec["containers"]
        mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        assert set(mounts) == set(volumes) == {"credentials", "scratch", "signatures"}
        assert mounts["signatures"]["mountPath"] == str(read.signature_trust)
        assert mounts["signatures"]["readOnly"] is True
        files = {item["key"]: item["path"] for item in volumes["signatures"]["secret"]["items"]}
        assert files == {name: f"{name}/hospital.pem" for name in ("raizes", "autoridades", "lcr")}


def test_only_who_signs_people_in_reaches_the_provider_and_only_there() -> None:
    policies = of_kind("NetworkPolicy", TRUSTING)
    door = {"to": [{"ipBlock": {"cidr": "192.168.100.30/32"}}], "ports": [{"protocol": "TCP", "port": 443}]}
    asking = {name for name, one in policies.items() if door in one["spec"]["egress"]}
    assert asking == {"api"}


def test_no_secret_of_the_outside_is_in_a_manifest_and_without_it_nothing_is_there_of_it() -> None:
    everything = json.dumps([*workloads(TRUSTING), migration(TRUSTING), *render_services(TRUSTING)])
    assert not [one for one in ("WORD", "ROOT", "LIST") if one in everything]
    without = json.dumps([*workloads(LAB), migration(LAB), *render_services(LAB)])
    assert not [one for one in ("OIDC", "SIGNATURE", "hostAliases", "signatures") if one in without]
