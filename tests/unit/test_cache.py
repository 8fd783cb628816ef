"""What the cache's renderers promise, for every shape of hospital."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components import cache_files as files
from components.cache_endpoints import CERTIFICATE_NAME, quorum, sentinel_endpoints, server_endpoints
from components.cache_manifests import CLIENTS, Manifests, render_cache, render_secret
from components.database_endpoints import instance_addresses
from components.record_sizes import Share
from infra.config.load import read_hospital
from infra.config.model import Hospital
from infra.config.units import storage_bytes
from tests.components.conftest import hospital_document

SCRIPTS = Path(files.__file__).with_name("scripts") / "cache"
PASSWORDS = {user: f"password-of-{user}" for user in files.USERS}
SHAPES = ("mvp", "lab")


def hospital_of(stack: str) -> Hospital:
    """A hospital of that shape."""
    return read_hospital(hospital_document(stack))


def rendered(stack: str = "lab", **changes: str) -> Manifests:
    """Its cache."""
    return render_cache(hospital_of(stack), **({"image": "valkey:8.1.1", "secrets": "hash"} | changes))


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    """The pod of a StatefulSet."""
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def kinds(manifests: Manifests, kind: str) -> list[dict[str, Any]]:
    """The objects of one kind around the pods."""
    return [one for one in manifests.around if one["kind"] == kind]


def test_a_server_on_every_mac_and_a_sentinel_on_every_machine() -> None:
    whole, alone = rendered("lab"), rendered("mvp")
    assert (whole.servers["spec"]["replicas"], whole.sentinels["spec"]["replicas"]) == (2, 3)
    assert (alone.servers["spec"]["replicas"], alone.sentinels["spec"]["replicas"]) == (1, 1)
    assert (quorum(hospital_of("lab")), quorum(hospital_of("mvp"))) == (2, 1)


@pytest.mark.parametrize("stack", SHAPES)
def test_every_address_is_in_the_service_network_and_nobody_elses(stack: str) -> None:
    hospital = hospital_of(stack)
    ours = [one.address for one in (*server_endpoints(hospital), *sentinel_endpoints(hospital))]
    assert len(set(ours)) == len(ours)
    assert all(one in hospital.kubernetes.service_network for one in ours)
    assert not set(ours) & {one.address for one in instance_addresses(hospital)}
    # Kubernetes gives out the first 256 by itself, for Services that ask for none.
    first = hospital.kubernetes.service_network.network_address
    assert all(int(one) - int(first) > 256 for one in ours)


def test_each_pod_has_an_address_of_its_own_that_answers_before_it_is_ready() -> None:
    hospital = hospital_of("lab")
    services = {one["metadata"]["name"]: one["spec"] for one in kinds(rendered(), "Service")}
    for endpoint in (*server_endpoints(hospital), *sentinel_endpoints(hospital)):
        service = services[endpoint.name]
        assert service["clusterIP"] == str(endpoint.address)
        assert service["publishNotReadyAddresses"] is True
        assert service["selector"]["statefulset.kubernetes.io/pod-name"] == endpoint.name


def test_pods_of_one_kind_never_share_a_machine_and_never_leave_a_dead_one() -> None:
    manifests = rendered()
    for workload in (manifests.servers, manifests.sentinels):
        (apart,) = pod(workload)["affinity"]["podAntiAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
        assert apart["topologyKey"] == "kubernetes.io/hostname"
        assert apart["labelSelector"]["matchLabels"] == workload["spec"]["selector"]["matchLabels"]
        kept = {one["key"] for one in pod(workload)["tolerations"] if "tolerationSeconds" not in one}
        assert {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"} <= kept
        assert workload["spec"]["podManagementPolicy"] == "Parallel"


def test_only_sentinels_go_to_the_witness() -> None:
    manifests = rendered()
    keys = [
        {one["key"] for one in pod(one)["tolerations"]} for one in (manifests.servers, manifests.sentinels)
    ]
    assert [("node-role.kubernetes.io/control-plane" in one) for one in keys] == [False, True]


def test_one_pod_of_a_kind_is_disturbed_at_a_time() -> None:
    budgets = kinds(rendered(), "PodDisruptionBudget")
    assert [one["spec"]["maxUnavailable"] for one in budgets] == [1, 1]


def test_containers_have_no_right_they_do_not_need() -> None:
    manifests = rendered()
    for workload in (manifests.servers, manifests.sentinels):
        assert pod(workload)["automountServiceAccountToken"] is False
        assert pod(workload)["priorityClassName"] == "medical-data"
        assert pod(workload)["securityContext"]["runAsNonRoot"] is True
        for container in pod(workload)["containers"]:
            assert container["imagePullPolicy"] == "Never"
            rights = container["securityContext"]
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert rights["readOnlyRootFilesystem"] is True
            assert rights["allowPrivilegeEscalation"] is False
            assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]


def test_the_door_is_open_for_machines_and_marked_pods_only() -> None:
    (policy,) = kinds(rendered(), "NetworkPolicy")
    (rule,) = policy["spec"]["ingress"]
    assert {one["ipBlock"]["cidr"] for one in rule["from"] if "ipBlock" in one} == {
        "192.168.100.10/32",
        "192.168.100.11/32",
        "192.168.100.12/32",
    }
    assert {"namespaceSelector": {}, "podSelector": {"matchLabels": CLIENTS}} in rule["from"]
    assert len(rule["from"]) == 5
    assert {one["port"] for one in rule["ports"]} == {6379, 26379}
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert all("ipBlock" not in peer for one in policy["spec"]["egress"] for peer in one["to"])


def test_no_manifest_but_the_secret_holds_a_password() -> None:
    users = files.render_server_users(PASSWORDS) + files.render_sentinel_users(PASSWORDS)
    assert "password-of-" not in users
    manifests = rendered()
    everything = json.dumps([*manifests.around, manifests.servers, manifests.sentinels])
    assert "password-of-" not in everything
    secret = render_secret("cache-credentials", PASSWORDS)
    assert secret["stringData"] == PASSWORDS


def test_a_missing_password_is_no_user_without_one() -> None:
    with pytest.raises(KeyError, match="replica"):
        files.render_server_users({"app": "password"})


@pytest.mark.parametrize("change", [{"secrets": "other"}, {"image": "valkey:9"}])
def test_what_a_container_reads_restarts_it_when_it_changes(change: dict[str, str]) -> None:
    before, after = rendered(), rendered(**change)
    assert before.servers["spec"]["template"] != after.servers["spec"]["template"]
    assert before.sentinels["spec"]["template"] != after.sentinels["spec"]["template"]


def test_another_memory_budget_restarts_the_servers() -> None:
    document = hospital_document()
    document["budgets"] = {
        "data": {"memory_gb": 64, "cpu_cores": 8, "gpu_cores": 15, "neural_engine_cores": 6}
    }
    other = render_cache(read_hospital(document), "valkey:8.1.1", "hash")
    assert other.servers["spec"]["template"] != rendered().servers["spec"]["template"]


@pytest.mark.parametrize("stack", SHAPES)
def test_the_cache_fits_into_what_the_records_leave(stack: str) -> None:
    hospital = hospital_of(stack)
    size, budget = files.CacheSize.of(hospital), hospital.budgets.data
    records = Share.of(budget)
    helpers = files.SENTINEL_MEMORY + files.KEEPER_MEMORY
    assert size.memory + helpers + records.memory_mb * 10**6 <= budget.memory_gb * 10**9
    assert size.cpu + 2 * files.HELPER_CPU + records.cpu_millis <= budget.cpu_cores * 1000
    assert 0 < size.data < size.memory
    assert 3 * size.data <= storage_bytes(hospital.cache.size)


def settings(text: str) -> dict[str, str]:
    """A settings file as a table; the last of several equal words counts."""
    return dict(line.split(" ", 1) for line in text.splitlines())


@pytest.mark.parametrize("text", [files.render_server(hospital_of("lab")), files.render_sentinel()])
def test_nothing_is_ever_said_in_the_clear(text: str) -> None:
    said = settings(text)
    assert said["port"] == "0"
    assert said["tls-replication"] == "yes"
    assert said["tls-protocols"] == '"TLSv1.3"'


def test_acknowledged_is_written_and_never_evicted() -> None:
    said = settings(files.render_server(hospital_of("lab")))
    assert (said["appendonly"], said["appendfsync"]) == ("yes", "always")
    assert said["maxmemory-policy"] == "noeviction"


def test_a_write_needs_a_replica_where_there_can_be_one() -> None:
    assert settings(files.render_server(hospital_of("lab")))["min-replicas-to-write"] == "1"
    assert settings(files.render_server(hospital_of("mvp")))["min-replicas-to-write"] == "0"
    names = [[one["name"] for one in pod(rendered(stack).servers)["containers"]] for stack in SHAPES]
    assert names == [["server"], ["server", "keeper"]]


def test_only_a_hospital_without_patients_loses_its_data_with_its_pods() -> None:
    document = hospital_document()
    document["keep_data"] = False
    made_up = render_cache(read_hospital(document), "valkey:8.1.1", "hash")
    for one, kept in ((rendered().servers, "Retain"), (made_up.servers, "Delete")):
        assert one["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == kept


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.name)
def test_the_containers_shell_reads_the_script(script: Path) -> None:
    subprocess.run(["dash", "-n", str(script)], check=True)


def test_every_container_has_its_script_and_its_probes_a_word_for_it() -> None:
    manifests = rendered()
    (scripts,) = (one["data"] for one in kinds(manifests, "ConfigMap"))
    words = scripts["check.sh"]
    for workload in (manifests.servers, manifests.sentinels):
        for container in pod(workload)["containers"]:
            assert container["command"] == ["/bin/sh", f"/settings/{container['name']}.sh"]
            assert f"{container['name']}.sh" in scripts
            probes = [probe for key, probe in container.items() if key.endswith("Probe")]
            assert all(f"\n    {probe['exec']['command'][2]})" in words for probe in probes)


def test_the_certificate_has_a_name_inside_the_cluster() -> None:
    assert CERTIFICATE_NAME == "cache.medical-data.svc"
