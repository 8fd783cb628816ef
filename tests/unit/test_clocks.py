"""The two presets of the cluster's clocks: what holds for both, and which one a hospital gets."""

import pytest

from components.clocks import AGGRESSIVE, CALM, ClusterClocks, Lease, clocks_for
from infra.config.model import Detector
from tests.unit.stack_files import hospital_of

both = pytest.mark.parametrize("clocks", [CALM, AGGRESSIVE], ids=["calm", "aggressive"])


def leases(clocks: ClusterClocks) -> list[Lease]:
    return [clocks.control_plane, clocks.operator, clocks.primary]


@both
def test_every_lease_is_one_that_leader_election_accepts(clocks: ClusterClocks) -> None:
    # client-go: a leader must give up before others may take over, and get more than one try with jitter.
    for lease in leases(clocks):
        assert lease.duration > lease.renew > 1.2 * lease.retry


@both
def test_the_operators_lease_uses_the_pause_that_upstream_fixed(clocks: ClusterClocks) -> None:
    assert clocks.operator.retry == 2


@both
def test_a_living_kubelet_renews_at_least_four_times_within_the_grace(clocks: ClusterClocks) -> None:
    assert clocks.node_grace >= 4 * clocks.node_lease / 4


@both
def test_a_dead_api_server_is_noticed_before_any_node_is_called_not_ready(clocks: ClusterClocks) -> None:
    assert clocks.silence + clocks.ping < clocks.not_ready


def test_calm_clocks_outlast_a_stall_of_28_seconds() -> None:
    assert CALM.node_grace > 28
    assert CALM.not_ready + CALM.eviction > 28


def test_aggressive_clocks_end_one_after_the_other_before_30_seconds() -> None:
    # Worst placement: controller, detection, operator and database wait for each other.
    leaders = AGGRESSIVE.control_plane.duration + AGGRESSIVE.operator.duration + AGGRESSIVE.primary.duration
    assert AGGRESSIVE.not_ready + leaders < 20


def test_the_preset_follows_the_detector() -> None:
    hospital = hospital_of("lab")
    assert clocks_for(hospital) is CALM
    without = hospital.model_copy(update={"detector": Detector(enabled=False)})
    assert clocks_for(without) is AGGRESSIVE


@both
def test_pods_leave_a_dead_node_whatever_it_is_called(clocks: ClusterClocks) -> None:
    keys = {str(toleration["key"]) for toleration in clocks.tolerations}
    assert keys == {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
    assert {toleration["tolerationSeconds"] for toleration in clocks.tolerations} == {clocks.eviction}
