"""The step that waits for new pods and brings the ones before back, before a pretended cluster."""

import copy
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from components.scripts import rollout
from components.scripts.rollout import HASH, NUMBER, PROVEN, REVISION, NoAnswer

GOOD, BROKEN, OTHER = "good", "broken", "other"


class Cluster:
    """Deployments whose pods serve, or never do; every rollout takes a few looks.

    works: revisions that become ready. calls: every question and order
    """

    def __init__(self) -> None:
        self.works = {GOOD, OTHER}
        self.calls: list[tuple[str, ...]] = []
        self.deployments: dict[str, dict[str, Any]] = {}
        self.sets: dict[str, list[dict[str, Any]]] = {}
        self.looks: dict[str, int] = {}
        self.silent = 0
        self.clock = 0

    def pulumi_puts(self, name: str, revision: str) -> None:
        """What the engine does before the step."""
        labels = {"app": name}
        spec = {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": dict(labels), "annotations": {REVISION: revision}},
                "spec": {"containers": [{"name": "api", "image": f"services:{revision}"}]},
            },
        }
        self._put(name, spec, {"pulumi.com/skipAwait": "true"})

    def _put(self, name: str, spec: dict[str, Any], annotations: dict[str, str]) -> None:
        before = self.deployments.get(name, {"metadata": {"generation": 0}, "status": {}})
        revision = spec["template"]["metadata"]["annotations"][REVISION]
        sets = self.sets.setdefault(name, [])
        number = str(1 + max([int(one["metadata"]["annotations"][NUMBER]) for one in sets], default=0))
        template = copy.deepcopy(spec["template"])
        template["metadata"]["labels"][HASH] = f"hash-{revision}"
        known = [one for one in sets if one["metadata"]["labels"][HASH] == f"hash-{revision}"]
        if known:
            known[0]["metadata"]["annotations"][NUMBER] = number
        else:
            owner = {"ownerReferences": [{"uid": name}], "labels": {HASH: f"hash-{revision}"}}
            about = {"name": f"{name}-{revision}", "annotations": {NUMBER: number}}
            sets.append({"metadata": {**about, **owner}, "spec": {"template": template}})
        self.deployments[name] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": name,
                "namespace": "medical-api",
                "uid": name,
                "generation": before["metadata"]["generation"] + 1,
                "labels": {"app.kubernetes.io/part-of": "services"},
                "annotations": {**annotations, NUMBER: number},
            },
            "spec": spec,
            "status": before["status"],  # the controller has seen nothing yet
        }
        self.looks[name] = 0

    def kubectl(self, *words: str, stdin: str = "") -> str:
        """What the script calls."""
        self.calls.append(words)
        if self.silent:
            self.silent -= 1
            raise NoAnswer("kubectl get: the server was unable to return a response")
        match words[:2]:
            case ("get", "deployment"):
                self._turn(words[2])
                return json.dumps(self.deployments[words[2]])
            case ("get", "replicasets"):
                name = words[words.index("-l") + 1].removeprefix("app=")
                foreign = {"metadata": {"ownerReferences": [{"uid": "x"}]}, "spec": {}}
                return json.dumps({"items": [foreign, *self.sets[name]]})
            case ("get", "pods"):
                waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
                return json.dumps({"items": [{"status": {"containerStatuses": [{"state": waiting}]}}]})
            case ("annotate", "replicaset"):
                for one in [one for sets in self.sets.values() for one in sets]:
                    if one["metadata"]["name"] == words[2]:
                        one["metadata"]["annotations"][PROVEN] = "yes"
                return ""
            case ("apply", "--server-side"):
                whole = json.loads(stdin)
                assert HASH not in whole["spec"]["template"]["metadata"]["labels"]
                assert NUMBER not in whole["metadata"]["annotations"]
                self._put(whole["metadata"]["name"], whole["spec"], whole["metadata"]["annotations"])
                return ""
            case ("logs", _):
                return "Traceback\nModuleNotFoundError: no module named app\n"
        raise AssertionError(words)

    def _turn(self, name: str) -> None:
        """One look is one turn of the controller: it sees, it works, it is done or gives up."""
        one, look = self.deployments[name], self.looks[name]
        self.looks[name] += 1
        revision = one["spec"]["template"]["metadata"]["annotations"][REVISION]
        if look == 1:
            # The verdict on the revision before stays until the first step of this one.
            one["status"] = {**one["status"], "observedGeneration": one["metadata"]["generation"]}
            one["status"] |= {"updatedReplicas": 0, "replicas": 1, "availableReplicas": 1}
        elif look == 3:
            ready = revision in self.works
            one["status"] |= {"updatedReplicas": 1, "replicas": 1 if ready else 2, "conditions": []}
            if not ready:
                self.clock += 1
                given_up = {"reason": "ProgressDeadlineExceeded", "lastUpdateTime": f"minute {self.clock}"}
                one["status"]["conditions"] = [given_up]

    def serving(self, name: str) -> str:
        """The revision that is asked for now."""
        revision: str = self.deployments[name]["spec"]["template"]["metadata"]["annotations"][REVISION]
        return revision

    @property
    def orders(self) -> list[tuple[str, ...]]:
        """The calls that changed something."""
        return [one for one in self.calls if one[0] in ("apply", "annotate")]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(rollout, "kubectl", made.kubectl)
    monkeypatch.setattr(rollout, "PAUSE", 0.001)
    return made


Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """The step for these deployments: its exit status and its line."""

    def run(**deployments: str) -> tuple[int, str]:
        wanted: dict[str, Any] = {"namespace": "medical-api", "manager": "prontuario-rollout"}
        wanted |= {"release": "1.2.3-abc", "seconds": 2, "deployments": deployments}
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(wanted)))
        return rollout.main(), capsys.readouterr().err.strip()

    return run


def deploy(cluster: Cluster, ask: Ask, revision: str, *names: str) -> tuple[int, str]:
    """What one `pulumi up` does."""
    for name in names or ("api",):
        cluster.pulumi_puts(name, revision)
    return ask(**dict.fromkeys(names or ("api",), revision))


def test_pods_that_serve_are_proven(cluster: Cluster, ask: Ask) -> None:
    assert deploy(cluster, ask, GOOD) == (0, "")
    assert [one[:3] for one in cluster.orders] == [("annotate", "replicaset", "api-good")]


def test_a_release_that_does_not_become_ready_is_taken_back_in_one_line(cluster: Cluster, ask: Ask) -> None:
    deploy(cluster, ask, GOOD)
    status, line = deploy(cluster, ask, BROKEN)
    assert status == 1
    assert cluster.serving("api") == GOOD
    assert line.startswith("release 1.2.3-abc: api did not become ready, the one before serves again: ")
    assert "CrashLoopBackOff" in line
    assert "ModuleNotFoundError" in line
    assert "\n" not in line


def test_what_worked_of_a_release_that_failed_is_taken_back_too(cluster: Cluster, ask: Ask) -> None:
    deploy(cluster, ask, GOOD, "api", "realtime")
    cluster.pulumi_puts("api", OTHER)
    cluster.pulumi_puts("realtime", BROKEN)
    assert ask(api=OTHER, realtime=BROKEN)[0] == 1
    assert (cluster.serving("api"), cluster.serving("realtime")) == (GOOD, GOOD)


def test_the_way_back_leads_to_what_served_not_to_what_came_before(cluster: Cluster, ask: Ask) -> None:
    deploy(cluster, ask, GOOD)
    cluster.pulumi_puts("api", "broken-and-the-step-never-ran")
    assert deploy(cluster, ask, BROKEN)[0] == 1
    assert cluster.serving("api") == GOOD


def test_a_revision_that_was_taken_back_is_tried_again_when_it_is_asked_for_again(
    cluster: Cluster, ask: Ask
) -> None:
    deploy(cluster, ask, GOOD)
    deploy(cluster, ask, BROKEN)
    assert ask(api=BROKEN)[0] == 1
    assert cluster.serving("api") == GOOD
    cluster.works.add(BROKEN)  # a name server that was away is back
    assert ask(api=BROKEN) == (0, "")
    assert cluster.serving("api") == BROKEN


def test_a_corrected_release_follows_a_broken_one(cluster: Cluster, ask: Ask) -> None:
    deploy(cluster, ask, GOOD)
    deploy(cluster, ask, BROKEN)
    assert deploy(cluster, ask, OTHER) == (0, "")
    assert cluster.serving("api") == OTHER


def test_a_first_release_that_fails_has_no_way_back_and_says_so(cluster: Cluster, ask: Ask) -> None:
    status, line = deploy(cluster, ask, BROKEN)
    assert (status, cluster.serving("api")) == (1, BROKEN)
    assert "there is no earlier one: correct it" in line


def test_the_proven_release_is_not_taken_back_for_itself(cluster: Cluster, ask: Ask) -> None:
    deploy(cluster, ask, GOOD)
    cluster.works.clear()
    cluster.pulumi_puts("api", GOOD)
    status, line = ask(api=GOOD)
    assert status == 1
    assert "it is the one that served before" in line
    assert not [one for one in cluster.orders if one[0] == "apply"]


def test_a_cluster_that_does_not_answer_for_a_while_takes_nothing_back(cluster: Cluster, ask: Ask) -> None:
    deploy(cluster, ask, GOOD)
    cluster.pulumi_puts("api", OTHER)
    real, asked = cluster.kubectl, [0]

    def flaky(*words: str, stdin: str = "") -> str:
        asked[0] += 1
        cluster.silent = 1 if asked[0] in (4, 5, 6) else 0
        return real(*words, stdin=stdin)

    rollout.kubectl = flaky
    assert ask(api=OTHER) == (0, "")
    assert not [one for one in cluster.orders if one[0] == "apply"]


def test_pods_that_neither_serve_nor_fail_are_given_up(cluster: Cluster, ask: Ask) -> None:
    deploy(cluster, ask, GOOD)
    cluster.pulumi_puts("api", BROKEN)
    cluster._turn = lambda name: None  # type: ignore[method-assign]
    status, line = ask(api=BROKEN)
    assert status == 1
    assert "not ready within 2 s" in line


def test_the_way_back_is_written_as_pulumi_would(cluster: Cluster, ask: Ask) -> None:
    deploy(cluster, ask, GOOD)
    deploy(cluster, ask, BROKEN)
    (back,) = [one for one in cluster.orders if one[0] == "apply"]
    assert "--field-manager=prontuario-rollout" in back
    assert "--force-conflicts" in back
    assert cluster.deployments["api"]["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
