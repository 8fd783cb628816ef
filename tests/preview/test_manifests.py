"""Every Kubernetes object of every stack, as the engine would create it, before the cluster's own API server.

What the previews hold is judged twice: the objects themselves (unknown fields, values out of bounds, missing
names), and one pod of each workload, which is where Pod Security and the pools' limits would refuse what
nobody sees in a workload's own manifest.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import pytest

from tests.preview.api_server import ApiServer, api_server
from tests.preview.conftest import Preview
from toolchain.workspace import stack_settings

pytestmark = [pytest.mark.engine, pytest.mark.build, pytest.mark.timeout(900)]

STACKS = ("mvp", "prod", "lab", "lab-mvp")
NOT_YET_KNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes where a value comes from a resource that does not exist yet."""
HIDDEN = "[secret]"
PLACEHOLDER = "dW5rbm93"
"""Stands for both: text, base64, a label and a name at once."""
NO_CERTIFICATE_YET = "Warning: tls: failed to find any PEM data in certificate input"
MAPS = {"data", "stringData", "labels", "annotations", "matchLabels"}
# What others refer to: it must be there, not only be correct.
GROUNDWORK = ("Namespace", "PriorityClass", "CustomResourceDefinition", "LimitRange")
WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet", "Job")

Manifest = dict[str, Any]


def known(value: Any, key: str = "") -> Any:
    """``value`` without what only an update can know and without what a preview hides."""
    if isinstance(value, dict):
        return {name: known(inner, name) for name, inner in value.items() if not name.startswith("__")}
    if isinstance(value, list):
        return [known(inner) for inner in value]
    if isinstance(value, str) and (NOT_YET_KNOWN in value or value == HIDDEN):
        return {} if key in MAPS else PLACEHOLDER
    return value


def manifests(preview: Preview) -> list[Manifest]:
    """All Kubernetes objects of a preview, in the engine's order."""
    states = (step["newState"] for step in preview.steps)
    return [known(state["inputs"]) for state in states if state["type"].startswith("kubernetes:")]


def pods(objects: Sequence[Manifest]) -> Iterator[Manifest]:
    """One pod of each workload, as its controller would ask for it."""
    for one in objects:
        if one["kind"] in WORKLOADS:
            template = deepcopy(one["spec"]["template"])
            metadata = {**template.get("metadata", {}), "name": one["metadata"]["name"]}
            for claim in one["spec"].get("volumeClaimTemplates", []):
                name = claim["metadata"]["name"]
                volume = {"name": name, "persistentVolumeClaim": {"claimName": name}}
                template["spec"].setdefault("volumes", []).append(volume)
            yield {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {**metadata, "namespace": one["metadata"]["namespace"]},
                "spec": template["spec"],
            }


@pytest.fixture(scope="module", params=STACKS)
def hospital(
    request: pytest.FixtureRequest, previews: dict[str, Preview], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ApiServer, list[Manifest]]]:
    """An API server with a stack's groundwork, and everything that the stack would create."""
    stack = str(request.param)
    objects = manifests(previews[stack])
    services = stack_settings(stack).get("kubernetes", {}).get("service_network", "10.96.0.0/16")
    with api_server(tmp_path_factory.mktemp(f"{stack}-api"), services) as api:
        for kind in GROUNDWORK:
            api.create([one for one in objects if one["kind"] == kind])
        api.wait("Established", "customresourcedefinitions")
        yield api, objects


def test_the_api_server_accepts_every_object(hospital: tuple[ApiServer, list[Manifest]]) -> None:
    api, objects = hospital
    assert [line for line in api.judge(objects) if line != NO_CERTIFICATE_YET] == []


def test_the_api_server_admits_a_pod_of_every_workload(hospital: tuple[ApiServer, list[Manifest]]) -> None:
    api, objects = hospital
    assert api.judge(pods(objects)) == []


def test_no_object_is_asked_for_twice(hospital: tuple[ApiServer, list[Manifest]]) -> None:
    _, objects = hospital
    places = [
        (one["apiVersion"], one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in objects
    ]
    assert sorted(set(places), key=str) == sorted(places, key=str)


def test_a_field_that_nobody_knows_is_refused(hospital: tuple[ApiServer, list[Manifest]]) -> None:
    api, objects = hospital
    for kind in ("NetworkPolicy", "Cluster"):
        broken = deepcopy(next(one for one in objects if one["kind"] == kind))
        broken["spec"]["podSelectr"] = {}
        assert any("podSelectr" in line for line in api.judge([broken])), kind


CONTROL_PLANE = 650
"""Thousandths of a core that kubeadm's own pods ask for on each machine: API server, controller manager,
scheduler, etcd."""


def cpu_millis(pod: Manifest) -> int:
    """What a pod asks for, in thousandths of a core."""
    asked = (one.get("resources", {}).get("requests", {}).get("cpu", "20m") for one in pod["containers"])
    return sum(int(one[:-1]) if one.endswith("m") else 1000 * int(one) for one in asked)


def on_one_mac(objects: Sequence[Manifest], mac: str) -> int:
    """What all pods that may meet on a Mac ask for together, in a rollout of the services' pods there."""
    total = CONTROL_PLANE
    for one in objects:
        if one["kind"] == "Cluster":
            total += cpu_millis({"containers": [one["spec"]]})
        elif one["kind"] in WORKLOADS:
            pod = one["spec"]["template"]["spec"]
            place = pod.get("nodeSelector", {}).get("kubernetes.io/hostname", mac)
            surge = 1 if one["kind"] == "Deployment" and "medical-api" in one["metadata"]["namespace"] else 0
            # Those of a StatefulSet keep apart; a Deployment's may meet.
            count = one["spec"].get("replicas", 1) + surge if one["kind"] == "Deployment" else 1
            total += cpu_millis(pod) * count if place == mac else 0
    return total


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_mac_may_have_to_run_at_once_fits_its_cores(previews: dict[str, Preview], stack: str) -> None:
    nodes = stack_settings(stack)["nodes"]
    hardware = nodes["mac-a"].get("hardware", {})
    cores = hardware.get("performance_cores", 24) + hardware.get("efficiency_cores", 8)
    assert on_one_mac(manifests(previews[stack]), "mac-a") <= cores * 1000
