"""What kubeadm is given: read by kubeadm itself, and what must stand in it for the cluster to last."""

import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from components.clocks import AGGRESSIVE, CALM
from components.haproxy_tunnels import OWN_DOOR
from components.kubeadm import (
    AUDIT_POLICY,
    CGROUP_DRIVER,
    ENCRYPTION,
    FOLDER,
    api_endpoint,
    digest,
    dns_address,
    node_labels,
    render_audit_policy,
    render_encryption,
    render_join,
    render_kubeadm,
)
from infra.config import ports
from infra.config.model import Detector, Hospital
from lab.images.catalogue import IMAGES
from tests.strategies import hospitals
from tests.unit.stack_files import hospital_of
from toolchain.programs import CLUSTER, binaries

LAB = hospital_of("lab")
TICKET = {"{TOKEN}": "123456.1234567890123456", "{CERTIFICATE_KEY}": "1" * 64, "{AUTHORITY_HASH}": "0" * 64}


def documents(hospital: Hospital = LAB, machine: str = "mac-a") -> dict[str, dict[str, Any]]:
    """The file of ``machine``, by kind."""
    return {one["kind"]: one for one in yaml.safe_load_all(render_kubeadm(hospital, machine))}


def arguments(component: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in component["extraArgs"]}


def joining(hospital: Hospital, machine: str) -> str:
    """The joining file as the machine completes it, with a ticket of digits alone."""
    text = render_join(hospital, machine)
    for placeholder, value in TICKET.items():
        assert text.count(placeholder) == 1
        text = text.replace(placeholder, value)
    return text


# By their consumer


def validate(text: str, folder: Path) -> None:
    file = folder / "config.yaml"
    file.write_text(text)
    (program,) = binaries([one for one in CLUSTER if one.name == "kubeadm"]).values()
    done = subprocess.run(
        [program, "config", "validate", "--config", file], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


@pytest.mark.build
@pytest.mark.parametrize("stack", ["lab", "lab-mvp", "prod", "mvp"])
def test_kubeadm_accepts_every_machines_configuration_without_a_warning(stack: str, tmp_path: Path) -> None:
    hospital = hospital_of(stack)
    for machine in hospital.nodes:
        for driver in ("systemd", "cgroupfs"):
            validate(render_kubeadm(hospital, machine).replace(CGROUP_DRIVER, driver), tmp_path)


@pytest.mark.build
@pytest.mark.parametrize("machine", ["mac-b", "witness"])
def test_kubeadm_accepts_what_a_machine_joins_with(machine: str, tmp_path: Path) -> None:
    validate(joining(LAB, machine), tmp_path)


# Addresses


@settings(max_examples=30, deadline=None)
@given(hospital=hospitals())
def test_each_machine_is_itself_and_all_meet_behind_the_floating_address(hospital: Hospital) -> None:
    for name, node in hospital.nodes.items():
        found = documents(hospital, name)
        own = {"advertiseAddress": str(node.debian_address), "bindPort": ports.LOCAL_API}
        assert found["InitConfiguration"]["localAPIEndpoint"] == own
        assert yaml.safe_load(joining(hospital, name))["controlPlane"]["localAPIEndpoint"] == own
        registration = found["InitConfiguration"]["nodeRegistration"]
        assert registration["name"] == name
        assert {"name": "node-ip", "value": str(node.debian_address)} in registration["kubeletExtraArgs"]
        assert found["ClusterConfiguration"]["controlPlaneEndpoint"] == api_endpoint(hospital)


def test_what_belongs_to_the_whole_cluster_is_the_same_on_every_machine() -> None:
    for kind in ("ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"):
        assert (
            documents(LAB, "mac-a")[kind] == documents(LAB, "mac-b")[kind] == documents(LAB, "witness")[kind]
        )


def test_pods_reach_the_api_of_their_own_machine() -> None:
    cluster = documents()["ClusterConfiguration"]
    local = str(LAB.kubernetes.local_api)
    assert arguments(cluster["apiServer"])["advertise-address"] == local
    assert {local, OWN_DOOR} <= set(cluster["apiServer"]["certSANs"])
    assert LAB.kubernetes.local_api not in LAB.kubernetes.service_network
    assert LAB.kubernetes.local_api not in LAB.kubernetes.pod_network


def test_the_name_server_is_the_one_that_the_kubelets_name() -> None:
    assert documents()["KubeletConfiguration"]["clusterDNS"] == [str(dns_address(LAB))] == ["10.96.0.10"]


# Nothing is ever pulled, and nothing is lost that could not be had again


def test_no_machine_ever_pulls_an_image() -> None:
    assert documents()["InitConfiguration"]["nodeRegistration"]["imagePullPolicy"] == "Never"
    assert yaml.safe_load(joining(LAB, "mac-b"))["nodeRegistration"]["imagePullPolicy"] == "Never"


def test_no_image_is_deleted_to_make_room() -> None:
    kubelet = documents()["KubeletConfiguration"]
    assert kubelet["imageGCHighThresholdPercent"] == 100
    # A signal that is not named keeps its default, which deletes images below 15 %.
    disk = {signal: limit for signal, limit in kubelet["evictionHard"].items() if "fs." in signal}
    assert disk == dict.fromkeys(
        ["nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree"], "0%"
    )


def test_kubeadm_asks_for_images_that_the_bundle_has() -> None:
    cluster = documents()["ClusterConfiguration"]
    tags = {image.repository.rsplit("/", 1)[1]: image.tag for image in IMAGES}
    assert cluster["etcd"]["local"]["imageTag"] == tags["etcd"]
    assert cluster["dns"]["imageTag"] == tags["coredns"]
    for program in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"):
        assert cluster["kubernetesVersion"] == tags[program]


# Secrets


def test_secrets_are_encrypted_in_etcd_and_can_still_be_read_if_they_are_not() -> None:
    key = b64encode(b"k" * 32).decode()
    (rule,) = yaml.safe_load(render_encryption(key))["resources"]
    assert rule["resources"] == ["secrets"]
    first, last = rule["providers"]
    assert first["secretbox"]["keys"][0]["secret"] == key
    assert last == {"identity": {}}
    assert (
        arguments(documents()["ClusterConfiguration"]["apiServer"])["encryption-provider-config"]
        == ENCRYPTION
    )


def test_the_audit_log_never_holds_what_was_read_or_written() -> None:
    rules = yaml.safe_load(render_audit_policy())["rules"]
    assert {rule["level"] for rule in rules} == {"None", "Metadata"}
    assert rules[-1] == {"level": "Metadata"}


def test_who_reads_secrets_is_written_down_before_reading_is_forgotten() -> None:
    rules = yaml.safe_load(render_audit_policy())["rules"]
    secrets = next(
        i
        for i, rule in enumerate(rules)
        if {"group": "", "resources": ["secrets"]} in rule.get("resources", [])
    )
    reads = next(i for i, rule in enumerate(rules) if rule.get("verbs") == ["get", "list", "watch"])
    assert rules[secrets] == {
        "level": "Metadata",
        "resources": [{"group": "", "resources": ["secrets"]}],
        "verbs": ["get", "list"],
    }
    assert secrets < reads


def test_the_api_server_sees_both_files_and_starts_anew_with_another_policy() -> None:
    server = documents()["ClusterConfiguration"]["apiServer"]
    (own,) = [one for one in server["extraVolumes"] if one["hostPath"] == FOLDER]
    assert own["readOnly"] is True
    assert ENCRYPTION.startswith(f"{FOLDER}/")
    assert AUDIT_POLICY.startswith(f"{FOLDER}/")
    assert {"name": "PRONTUARIO_AUDIT_POLICY", "value": digest(render_audit_policy())} in server["extraEnvs"]


def test_nothing_on_a_machines_disk_opens_the_cluster() -> None:
    # A token or key made in advance would lie in the state of the stack and in every machine's file.
    for document in documents().values():
        assert "bootstrapTokens" not in document
        assert "certificateKey" not in document


# The machines' places


def test_the_witness_carries_only_what_says_so() -> None:
    assert documents(LAB, "mac-a")["InitConfiguration"]["nodeRegistration"]["taints"] == []
    (taint,) = documents(LAB, "witness")["InitConfiguration"]["nodeRegistration"]["taints"]
    assert taint["effect"] == "NoSchedule"


def test_the_macs_carry_the_pools_and_every_machine_its_rack() -> None:
    assert node_labels(LAB, "mac-b") == {
        "prontuario.hospital/role": "secondary",
        "topology.kubernetes.io/zone": LAB.nodes["mac-b"].zone,
        "pool.prontuario.hospital/ai": "true",
        "pool.prontuario.hospital/api": "true",
        "pool.prontuario.hospital/data": "true",
    }
    assert not any(label.startswith("pool.") for label in node_labels(LAB, "witness"))


# Clocks


@pytest.mark.parametrize("enabled", [True, False])
def test_the_cluster_is_calm_while_the_detector_watches_and_fast_when_it_does_not(enabled: bool) -> None:
    hospital = LAB.model_copy(update={"detector": Detector(enabled=enabled)})
    clocks = CALM if enabled else AGGRESSIVE
    found = documents(hospital)
    manager = arguments(found["ClusterConfiguration"]["controllerManager"])
    assert manager["node-monitor-grace-period"] == f"{clocks.node_grace}s"
    assert manager["leader-elect-lease-duration"] == f"{clocks.control_plane.duration}s"
    assert arguments(found["ClusterConfiguration"]["scheduler"])["leader-elect-retry-period"] == (
        f"{clocks.control_plane.retry}s"
    )
    assert found["KubeletConfiguration"]["nodeLeaseDurationSeconds"] == clocks.node_lease
