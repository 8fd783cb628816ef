"""What a detector reads from a real (if small) API server over TLS, and what it changes there."""

import copy
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from detector.api import Api, UnavailableError
from detector.decision import candidate
from detector.events import Bury, Couple, Promote, Quorum, Records, Relieve, Uncouple
from detector.records import UNCOUPLED, RecordsApi
from tests.unit.detector.conftest import Pki
from tests.unit.detector.fake_api import CLUSTER, LEASE, PODS, QUORUM, FakeApi

PROMOTE = Promote(1, "records-2", "records-1", "mac-a", ("records-1",), ("records-2",), "10")
BURY = Bury(1, "mac-a", ("records-1",), "records-1")


@pytest.fixture
def records(server: FakeApi, pki: Pki) -> RecordsApi:
    """The witness's way to the cluster's records."""
    return RecordsApi(Api("127.0.0.1", server.port, pki.client), "medical-data", "records")


def test_a_read_says_what_the_decision_needs_and_asks_for_the_quorum_last(
    server: FakeApi, records: RecordsApi
) -> None:
    both = frozenset({"records-1", "records-2"})
    read = records.read()
    assert read == Records(
        version="10",
        primary="records-1",
        target="records-1",
        placed={"records-1": "mac-a", "records-2": "mac-b"},
        ready=both,
        healthy=both,
        quorum=Quorum("records-1", frozenset({"records-2"}), 1, version="11"),
    )
    paths = [path for _, path in server.asked]
    assert (paths[0], paths[-1]) == (CLUSTER, QUORUM)
    assert not [path for path in paths if "?" in path], "a resourceVersion would allow an old answer"
    assert server.subjects == {"organizationName=prontuario:detectors,commonName=system:detector:witness"}


def test_a_pod_that_is_gone_deleted_or_not_ready_is_not_promoted(
    server: FakeApi, records: RecordsApi
) -> None:
    assert candidate(records.read(), "mac-a") == "records-2"
    server.objects[f"{PODS}/records-2"]["metadata"]["deletionTimestamp"] = "2026-11-21T00:00:00Z"
    assert candidate(records.read(), "mac-a") is None
    del server.objects[f"{PODS}/records-2"]
    assert candidate(records.read(), "mac-a") is None


@pytest.mark.parametrize("status", [{}, {"primary": "records-1"}, {"standbyNumber": "1"}, None])
def test_an_emptied_quorum_vouches_for_nobody(
    server: FakeApi, records: RecordsApi, status: dict[str, object] | None
) -> None:
    server.objects[QUORUM]["status"] = status
    assert records.read().quorum is None


def test_the_quorums_version_is_asked_for_alone(server: FakeApi, records: RecordsApi) -> None:
    assert records.quorum_version() == "11"
    assert [path for _, path in server.asked] == [QUORUM]
    del server.objects[QUORUM]
    assert records.quorum_version() == ""


def test_an_instance_that_cloudnativepg_does_not_count_on_is_not_promoted(
    server: FakeApi, records: RecordsApi
) -> None:
    server.objects[CLUSTER]["status"]["instancesStatus"] = {"healthy": ["records-1"]}
    assert candidate(records.read(), "mac-a") is None


def test_a_switchover_is_seen(server: FakeApi, records: RecordsApi) -> None:
    server.objects[CLUSTER]["status"]["phase"] = "Switchover in progress"
    assert records.read().planned


def test_records_that_are_not_as_expected_are_no_answer(server: FakeApi, records: RecordsApi) -> None:
    del server.objects[CLUSTER]["status"]["targetPrimary"]
    with pytest.raises(UnavailableError, match="not as expected: KeyError: 'targetPrimary'"):
        records.read()
    del server.objects[CLUSTER]
    with pytest.raises(UnavailableError, match="there is no cluster medical-data/records"):
        records.read()


def test_a_promotion_is_one_change_of_target_and_instances(server: FakeApi, records: RecordsApi) -> None:
    assert records.change(PROMOTE) is True
    ((path, kind, body),) = server.patches
    assert (path, kind) == (f"{CLUSTER}/status", "application/merge-patch+json")
    assert body["metadata"] == {"resourceVersion": "10"}
    status = server.objects[CLUSTER]["status"]
    assert (status["targetPrimary"], status["currentPrimary"]) == ("records-2", "records-1")
    assert status["instancesStatus"] == {"healthy": ["records-2"], "replicating": ["records-1"]}
    assert status["phase"] == "Failing over"


def test_a_second_promotion_from_the_same_read_is_refused(server: FakeApi, records: RecordsApi) -> None:
    assert records.change(PROMOTE) is True
    after = copy.deepcopy(server.objects)
    assert records.change(PROMOTE) is False
    assert server.objects == after


def test_a_relief_changes_who_is_counted_on_and_nothing_else(server: FakeApi, records: RecordsApi) -> None:
    before = copy.deepcopy(server.objects[CLUSTER]["status"])
    assert records.change(Relieve(1, "mac-b", ("records-2",), ("records-1",), "10")) is True
    after = server.objects[CLUSTER]["status"]
    assert after.pop("instancesStatus") == {"healthy": ["records-1"], "replicating": ["records-2"]}
    del before["instancesStatus"]
    assert after == before


def test_uncoupling_is_one_change_with_a_note_and_coupling_takes_both_back(
    server: FakeApi, records: RecordsApi
) -> None:
    before = copy.deepcopy(server.objects[CLUSTER])
    assert records.change(Uncouple(1, "mac-a", "mac-b", "10")) is True
    ((path, kind, body),) = server.patches
    assert (path, kind, server.managers) == (
        CLUSTER, "application/merge-patch+json", {"prontuario-detector"}
    )  # fmt: skip
    assert body == {
        "metadata": {"resourceVersion": "10", "annotations": {UNCOUPLED: "mac-a does not hear mac-b"}},
        "spec": {"postgresql": {"synchronous": {"maxStandbyNamesFromCluster": 0}}},
    }
    read = records.read()
    assert (read.limit, read.ours) == (0, True)
    assert candidate(read, "mac-a") is None
    assert records.change(Couple(2, read.version)) is True
    read = records.read()
    assert (read.limit, read.ours) == (None, False)
    after = server.objects[CLUSTER]
    assert after["metadata"].pop("annotations") == {}
    assert (after["spec"], after["status"]) == (before["spec"], before["status"])


@pytest.mark.parametrize("change", [Uncouple(1, "mac-a", "mac-b", "9"), Couple(1, "9")])
def test_coupling_from_an_old_read_is_refused(
    server: FakeApi, records: RecordsApi, change: Uncouple | Couple
) -> None:
    before = copy.deepcopy(server.objects)
    assert records.change(change) is False
    assert server.objects == before


@pytest.mark.parametrize(
    ("synchronous", "note", "expected"),
    [
        ({"maxStandbyNamesFromCluster": 0}, None, (0, False)),
        ({"maxStandbyNamesFromCluster": 1}, "left over", (1, False)),
        ({"maxStandbyNamesFromCluster": 0}, "mac-a does not hear mac-b", (0, True)),
        ({}, "left over", (None, False)),
        (None, None, (0, False)),
    ],
)
def test_only_a_limit_of_none_with_our_note_is_ours(
    server: FakeApi,
    records: RecordsApi,
    synchronous: dict[str, int] | None,
    note: str | None,
    expected: tuple[int | None, bool],
) -> None:
    cluster = server.objects[CLUSTER]
    cluster["spec"]["postgresql"] = {} if synchronous is None else {"synchronous": synchronous}
    cluster["metadata"]["annotations"] = {UNCOUPLED: note} if note else None
    read = records.read()
    assert (read.limit, read.ours) == expected


def test_a_burial_frees_the_lease_and_ends_the_readiness_of_the_dead(
    server: FakeApi, records: RecordsApi
) -> None:
    assert records.change(BURY) is True
    assert server.objects[LEASE]["spec"] == {"holderIdentity": "", "leaseDurationSeconds": 1}
    assert server.patches[0][0] == LEASE, "the new primary waits for it"
    conditions = {
        one["type"]: one["status"] for one in server.objects[f"{PODS}/records-1"]["status"]["conditions"]
    }
    assert conditions == {"PodScheduled": "True", "Ready": "False"}
    assert all("resourceVersion" in body["metadata"] for _, _, body in server.patches)
    server.patches.clear()
    assert records.change(BURY) is True
    assert server.patches == [], "what is buried is not buried again"


def test_a_lease_that_somebody_else_holds_is_not_touched(server: FakeApi, records: RecordsApi) -> None:
    server.objects[LEASE]["spec"]["holderIdentity"] = "records-2"
    assert records.change(BURY) is True
    assert server.objects[LEASE]["spec"]["holderIdentity"] == "records-2"


def test_a_pod_that_lives_on_another_machine_by_now_stays_ready(server: FakeApi, records: RecordsApi) -> None:
    server.objects[f"{PODS}/records-1"]["spec"]["nodeName"] = "mac-b"
    assert records.change(replace(BURY, holder=None)) is True
    assert server.patches == []


def test_without_a_holder_no_lease_is_read(server: FakeApi, records: RecordsApi) -> None:
    assert records.change(replace(BURY, holder=None)) is True
    assert ("GET", LEASE) not in server.asked


@pytest.mark.parametrize("status", [401, 403, 422, 429, 500, 503])
def test_a_refusal_that_is_no_conflict_is_no_outcome(
    server: FakeApi, records: RecordsApi, status: int
) -> None:
    server.status = status
    with pytest.raises(UnavailableError, match=f"status {status}"):
        records.change(PROMOTE)
    with pytest.raises(UnavailableError, match=f"status {status}"):
        records.read()


def test_garbage_is_no_answer(server: FakeApi, records: RecordsApi) -> None:
    server.garbage = True
    with pytest.raises(UnavailableError):
        records.read()


@pytest.mark.parametrize("how", [{"delay": 3.0}, {"drip": True}])
def test_a_slow_server_is_given_up_in_a_second_however_it_is_slow(
    server: FakeApi, records: RecordsApi, how: dict[str, object]
) -> None:
    for name, value in how.items():
        setattr(server, name, value)
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        records.read()
    assert time.monotonic() - began < 2.5


def test_a_server_that_is_down_is_no_answer(pki: Pki) -> None:
    with pytest.raises(UnavailableError, match="ConnectionRefusedError"):
        RecordsApi(Api("127.0.0.1", 1, pki.client), "medical-data", "records").read()


@pytest.mark.parametrize("identity", ["stranger", "gullible"])
def test_neither_side_talks_to_a_stranger(server: FakeApi, pki: Pki, identity: str) -> None:
    api = Api("127.0.0.1", server.port, getattr(pki, identity))
    with pytest.raises(UnavailableError):
        RecordsApi(api, "medical-data", "records").read()
    assert server.asked == []


def test_a_server_with_another_name_is_not_believed(server: FakeApi, pki: Pki) -> None:
    with pytest.raises(UnavailableError, match="certificate"):
        RecordsApi(Api("localhost", server.port, pki.client), "medical-data", "records").read()


def test_a_renewed_certificate_needs_no_restart(server: FakeApi, pki: Pki, tmp_path: Path) -> None:
    identity = tmp_path / "identity"
    records = RecordsApi(Api("127.0.0.1", server.port, identity), "medical-data", "records")
    with pytest.raises(UnavailableError):
        records.read()
    shutil.copytree(pki.client, identity)
    assert records.read().primary == "records-1"
