"""The three pools of the whiteboard, for any hospital."""

from typing import Any

from hypothesis import given, settings

from components.network_policies import to_names
from components.pools import POOL_LABEL, PRIORITIES, namespace_of, render_pools
from infra.config.model import Hospital
from tests.strategies import hospitals
from tests.unit.stack_files import hospital_of

LAB = hospital_of("lab")
POOLS = ("data", "api", "ai")


def of_kind(kind: str, hospital: Hospital = LAB) -> dict[str, dict[str, Any]]:
    """The pools' objects of ``kind``: ``namespace/name`` -> object."""
    found = [one for one in render_pools(hospital) if one["kind"] == kind]
    return {
        "/".join([one["metadata"].get("namespace", ""), one["metadata"]["name"]]): dict(one) for one in found
    }


def test_each_pool_is_a_namespace_that_runs_nothing_privileged() -> None:
    spaces = of_kind("Namespace")
    assert set(spaces) == {f"/medical-{pool}" for pool in POOLS}
    for space in spaces.values():
        assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@settings(max_examples=40, deadline=None)
@given(hospital=hospitals())
def test_no_pool_can_ask_for_more_than_its_budget_on_all_macs(hospital: Hospital) -> None:
    quotas = of_kind("ResourceQuota", hospital)
    macs = len(hospital.macs)
    for pool in POOLS:
        budget = getattr(hospital.budgets, pool)
        hard = quotas[f"medical-{pool}/budget"]["spec"]["hard"]
        assert hard["requests.memory"] == hard["limits.memory"] == f"{budget.memory_gb * macs}Gi"
        assert hard["requests.cpu"] == str(budget.cpu_cores * macs)


def test_a_container_that_names_no_limit_gets_a_small_one_and_none_gets_more_than_the_pool_has() -> None:
    for pool in POOLS:
        (limits,) = of_kind("LimitRange")[f"medical-{pool}/budget"]["spec"]["limits"]
        assert limits["default"]["memory"] == "256Mi"
        assert limits["max"]["memory"] == f"{getattr(LAB.budgets, pool).memory_gb}Gi"
        assert "cpu" not in limits.get("max", {})


def test_when_memory_is_short_ai_goes_first_and_the_records_last() -> None:
    assert PRIORITIES["ai"] < PRIORITIES["api"] < PRIORITIES["data"] < 1_000_000_000
    classes = of_kind("PriorityClass")
    assert {name: one["value"] for name, one in classes.items()} == {
        f"/{namespace_of(pool)}": PRIORITIES[pool] for pool in POOLS
    }


def test_nothing_enters_or_leaves_but_questions_for_names() -> None:
    policies = of_kind("NetworkPolicy")
    for pool in POOLS:
        closed = policies[f"medical-{pool}/closed"]["spec"]
        assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        names = policies[f"medical-{pool}/names"]["spec"]
        assert names == {"podSelector": {}, "policyTypes": ["Egress"], "egress": [to_names()]}


def test_one_mac_may_be_worked_on_while_the_other_serves() -> None:
    budgets = of_kind("PodDisruptionBudget")
    # The databases' own operator guards theirs.
    assert set(budgets) == {"medical-api/budget", "medical-ai/budget"}
    for pool in ("api", "ai"):
        spec = budgets[f"medical-{pool}/budget"]["spec"]
        assert spec == {"minAvailable": 1, "selector": {"matchLabels": {POOL_LABEL: pool}}}


def test_work_on_the_only_mac_is_not_forbidden() -> None:
    budgets = of_kind("PodDisruptionBudget", hospital_of("mvp"))
    assert {one["spec"]["minAvailable"] for one in budgets.values()} == {0}
