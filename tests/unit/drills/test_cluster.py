"""Health is what is replicated, not what a phase says; and leaders are found where they are."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from drills.framework.phases import AGREED, first_said, moments, parse_history
from drills.framework.snapshot import seconds
from drills.framework.verdict import DrillError
from tests.unit.drills.pretended import PaperMachine, cluster_of_paper, item, snapshot, whole


def changed(kind: str, change: Callable[[dict[str, Any]], None], name: str = "") -> list[dict[str, Any]]:
    """The whole cluster but for one object."""
    items = whole()
    change(next(one for one in items if one["kind"] == kind and name in one["metadata"]["name"]))
    return items


def test_a_whole_cluster_has_no_complaint() -> None:
    assert snapshot().complaints() == []


@pytest.mark.parametrize(
    ("kind", "name", "change", "complaint"),
    [
        ("Node", "mac-b", lambda it: it.update(status={}), "node mac-b is not ready"),
        ("Node", "mac-b", lambda it: it["spec"].update(unschedulable=True), "node mac-b is not ready"),
        ("Pod", "cnpg-1", lambda it: it.update(status={}), "pod cnpg-1 in cnpg-system is not ready"),
        (
            "Pod",
            "records-2",
            lambda it: it["metadata"].update(deletionTimestamp="now"),
            "pod records-2 in medical-data is not ready",
        ),
        (
            "Cluster",
            "",
            lambda it: it["status"].update(targetPrimary="records-2"),
            "the database is moving from records-1 to records-2",
        ),
        ("Cluster", "", lambda it: it.update(status={}), "the cluster records has no primary"),
        ("Cluster", "", lambda it: it["spec"].update(instances=3), "the database has 1 standbys of 2"),
        (
            "FailoverQuorum",
            "",
            lambda it: it["status"].update(standbyNames=[]),
            "a standby is missing in the failover quorum",
        ),
        (
            "FailoverQuorum",
            "",
            lambda it: it.update(status={}),
            "the failover quorum is not the present primary's",
        ),
    ],
)
def test_what_is_wrong_is_said(
    kind: str, name: str, change: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    assert complaint in snapshot(changed(kind, change, name)).complaints()


def test_a_pod_from_before_its_machine_was_switched_on_is_not_believed() -> None:
    def running_since(stamp: str) -> Callable[[dict[str, Any]], None]:
        state = [{"state": {"running": {"startedAt": stamp}}}]
        return lambda it: it["status"].update(containerStatuses=state)

    noon = seconds("2026-11-21T12:00:00Z")
    assert noon is not None
    stale = snapshot(changed("Pod", running_since("2026-11-21T11:59:58Z"), "records-2"))
    fresh = snapshot(changed("Pod", running_since("2026-11-21T12:00:00Z"), "records-2"))
    powered = {"mac-b": noon + 0.9}
    assert stale.complaints(powered) == ["pod records-2 in medical-data is not ready"]
    assert stale.complaints({"mac-a": noon}) == []
    assert fresh.complaints(powered) == []


def test_another_database_of_the_same_name_is_not_ours() -> None:
    stranger = item("Cluster", "records", "elsewhere", status={"currentPrimary": "records-9"})
    assert snapshot([stranger, *whole()]).primary == "records-1"


def test_leaders_are_found_through_their_leases() -> None:
    assert snapshot().leaders() == {
        "database": "mac-a",
        "controller-manager": "mac-b",
        "scheduler": "witness",
        "operator": "mac-b",
    }


def test_a_lease_of_nobody_leads_nowhere() -> None:
    items = changed("Lease", lambda it: it["spec"].update(holderIdentity=None), "kube-scheduler")
    assert snapshot(items).leaders()["scheduler"] == ""


def api(streams: str) -> Callable[[Sequence[str]], str]:
    def answer(argv: Sequence[str]) -> str:
        return json.dumps({"items": whole()}) if "get" in argv else streams

    return answer


def test_a_standby_that_does_not_stream_is_a_complaint_whatever_the_phase_says() -> None:
    assert cluster_of_paper(api("records-2\n")).complaints() == []
    assert cluster_of_paper(api("")).complaints() == ["records-2 does not stream synchronously"]


def test_kubectl_goes_to_a_machine_that_is_on_and_awake() -> None:
    cluster = cluster_of_paper()
    first, second, third = cluster.machines.values()
    assert isinstance(first, PaperMachine)
    assert isinstance(second, PaperMachine)
    assert isinstance(third, PaperMachine)
    first.on, second.frozen = False, True
    cluster.kubectl("get", "nodes")
    assert (first.said, second.said) == ([], [])
    assert "--server=https://10.254.0.1:6444" in third.said[0]
    third.on = False
    with pytest.raises(DrillError, match="no machine is on"):
        cluster.kubectl("get", "nodes")


@pytest.mark.parametrize(
    ("address", "machine"),
    [
        ("10.244.0.7", "mac-a"),
        ("10.244.1.3", "mac-b"),
        ("10.244.2.1", "witness"),
        ("10.244.3.1", ""),
        ("192.168.100.10", ""),
        ("", ""),
    ],
)
def test_an_instance_is_known_by_its_machines_part_of_the_pod_network(address: str, machine: str) -> None:
    assert cluster_of_paper().machine_of_address(address) == machine


HISTORY = """
{"time":"2026-11-21T07:59:00.000+00:00","said":"mac-a: lost, and witness lost it too"}
{"time":"2026-11-21T08:00:01.400+00:00","said":"mac-a: lost, and witness lost it too"}
{"time":"2026-11-21T08:00:01.300+00:00","said":"stood still for 0.6 s: clocks restarted"}
{"time":"2026-11-21T08:00:01.
"""


def test_the_moments_of_a_failover_are_counted_from_the_fault() -> None:
    def answer(argv: Sequence[str]) -> str:
        return HISTORY if argv[0] == "cat" else json.dumps({"items": whole()})

    fault = seconds("2026-11-21T08:00:00Z")
    assert fault
    expected = {"detected_s": 1.4, "elected_s": 1.5, "lease_s": 2.0, "promoted_s": 3.25}
    assert moments(cluster_of_paper(answer), fault) == pytest.approx(expected)


def test_moments_before_the_fault_are_not_the_faults() -> None:
    later = seconds("2026-11-21T09:00:00Z")
    assert later
    assert set(moments(cluster_of_paper(api("")), later).values()) == {None}


def test_a_torn_line_of_history_is_skipped() -> None:
    entries = list(parse_history(HISTORY))
    assert len(entries) == 3
    assert first_said(entries, AGREED, 0.0) == seconds("2026-11-21T07:59:00Z")
