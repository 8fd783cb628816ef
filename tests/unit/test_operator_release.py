"""The operator's release as this hospital runs it."""

from typing import Any

import pytest

from components.clocks import AGGRESSIVE, CALM
from components.operator_release import NAMESPACE, render_operator, unsupported, without_descriptions
from tests.unit.stack_files import hospital_of
from toolchain.programs import CLOUDNATIVE_PG, KUBERNETES

RELEASE: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.cnpg.io"},
        "spec": {
            "schema": {
                "description": "A thing.",
                "properties": {
                    "description": {"description": "What it is.", "type": "string"},
                    "properties": {
                        "description": "Its properties.",
                        "properties": {"size": {"description": "How big.", "type": "integer"}},
                    },
                },
            }
        },
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cnpg-controller-manager", "namespace": NAMESPACE},
        "spec": {
            "replicas": 1,
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "manager",
                            "args": ["controller", "--leader-elect"],
                            "env": [],
                            "imagePullPolicy": "Always",
                            "resources": {"limits": {"cpu": "100m"}},
                        }
                    ]
                }
            },
        },
    },
]


def deployment(stack: str = "lab", detector: bool = True) -> dict[str, Any]:
    clocks = CALM if detector else AGGRESSIVE
    manifests = render_operator(RELEASE, hospital_of(stack), clocks)
    (found,) = (one for one in manifests if one["kind"] == "Deployment")
    return dict(found["spec"])


def container(**choice: Any) -> dict[str, Any]:
    return dict(deployment(**choice)["template"]["spec"]["containers"][0])


def test_an_operator_runs_on_each_mac() -> None:
    spec = deployment()
    assert spec["replicas"] == 2
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["whenUnsatisfiable"] == "DoNotSchedule"


def test_one_mac_has_one_operator() -> None:
    assert deployment("mvp")["replicas"] == 1
    kinds = [one["kind"] for one in render_operator(RELEASE, hospital_of("mvp"), CALM)]
    assert "PodDisruptionBudget" not in kinds


def test_its_image_is_never_pulled() -> None:
    assert container()["imagePullPolicy"] == "Never"


def test_its_lease_follows_the_clocks() -> None:
    assert container()["args"][-2:] == ["--leader-lease-duration=15", "--leader-renew-deadline=10"]
    assert container(detector=False)["args"][-2:] == [
        "--leader-lease-duration=4",
        "--leader-renew-deadline=3",
    ]


def test_it_leaves_a_dead_machine_within_ten_seconds() -> None:
    for detector in (True, False):
        tolerations = deployment(detector=detector)["template"]["spec"]["tolerations"]
        assert all(5 <= one["tolerationSeconds"] <= 10 for one in tolerations)


def test_it_gets_more_than_upstreams_tenth_of_a_core() -> None:
    assert container()["resources"]["limits"]["cpu"] == "1"


def test_it_is_evicted_after_the_records_only() -> None:
    assert deployment()["template"]["spec"]["priorityClassName"] == "medical-data"


def test_the_release_itself_stays_as_it_was() -> None:
    render_operator(RELEASE, hospital_of("lab"), CALM)
    assert RELEASE[2]["spec"]["replicas"] == 1
    assert RELEASE[2]["spec"]["template"]["spec"]["containers"][0]["args"] == ["controller", "--leader-elect"]


def test_a_definition_loses_its_words_and_keeps_its_fields() -> None:
    assert without_descriptions(RELEASE[1])["spec"]["schema"] == {
        "properties": {
            "description": {"type": "string"},
            "properties": {"properties": {"size": {"type": "integer"}}},
        }
    }


def test_nothing_reaches_the_operator_but_the_machines() -> None:
    hospital = hospital_of("lab")
    policies = [one for one in render_operator(RELEASE, hospital, CALM) if one["kind"] == "NetworkPolicy"]
    named = {one["metadata"]["name"]: one["spec"] for one in policies}
    assert named["default-deny"] == {
        "podSelector": {"matchLabels": {}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
        "egress": [],
    }
    (rule,) = named["operator"]["ingress"]
    machines = {f"{node.debian_address}/32" for node in hospital.nodes.values()}
    assert {peer["ipBlock"]["cidr"] for peer in rule["from"]} == machines


# Versions


def test_the_versions_we_build_go_together() -> None:
    assert unsupported(CLOUDNATIVE_PG, KUBERNETES, "17.6") is None
    assert unsupported(CLOUDNATIVE_PG, KUBERNETES, "17.12-trixie") is None
    assert unsupported(CLOUDNATIVE_PG, KUBERNETES, "unbuilt") is None


@pytest.mark.parametrize(
    ("operator", "kubernetes", "postgresql", "reason"),
    [
        ("1.30.0", "1.37.0", "17.6", "supports Kubernetes 1.34, 1.35, 1.36, not 1.37.0"),
        ("1.29.1", "1.36.3", "17.6", "supports Kubernetes 1.33, 1.34, 1.35, not 1.36.3"),
        ("1.31.0", "1.36.3", "17.6", "1.31.0 is not a line we know (1.30, 1.29)"),
        ("1.30.0", "1.36.3", "19.0", "runs PostgreSQL 14 to 18, not 19.0"),
    ],
)
def test_versions_that_do_not_go_together_are_refused(
    operator: str, kubernetes: str, postgresql: str, reason: str
) -> None:
    problem = unsupported(operator, kubernetes, postgresql)
    assert problem is not None
    assert reason in problem
    assert "\n" not in problem
