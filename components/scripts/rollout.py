"""Waits until new pods serve, and brings the ones before back when they do not; says one line then.

Runs on a machine of the cluster and reads what is wanted on standard input:
{"namespace", "manager", "release", "seconds", "deployments": {name: revision}}
A revision is what the Deployment's pods carry as an annotation. One that served is marked on its ReplicaSet
as proven: the way back leads to the newest of those, never to one that only came before. The old pods serve
all the while, because no rollout takes one away before another is ready.

A revision that was taken back is tried again when it is asked for again.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

KUBECTL = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "--request-timeout=10s"]
REVISION = "prontuario.hospital/revision"
PROVEN = "prontuario.hospital/proven"
NUMBER = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"
PAUSE = 1.0
"""Seconds between two looks."""

Thing = dict[str, Any]


class Refused(Exception):
    """Why it did not work, in one line."""


class NoAnswer(Refused):
    """The API did not do what it was asked; that says nothing about any pod."""


def kubectl(*words: str, stdin: str = "") -> str:
    """What it prints; NoAnswer with its own last line."""
    done = subprocess.run([*KUBECTL, *words], input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoAnswer(f"kubectl {words[0]}: {(done.stderr.strip().splitlines() or ['no answer'])[-1]}")
    return done.stdout


class Deployment:
    """One Deployment and what is wanted of it."""

    def __init__(self, namespace: str, name: str, wanted: str, manager: str) -> None:
        self.place = ["--namespace", namespace]
        self.name, self.wanted, self.manager = name, wanted, manager
        self.old_news = given_up(self.now())

    def now(self) -> Thing:
        """As the API has it."""
        found: Thing = json.loads(kubectl("get", "deployment", self.name, *self.place, "-o", "json"))
        return found

    def sets(self) -> list[Thing]:
        """The ReplicaSets of all its revisions that are remembered, newest first."""
        now = self.now()
        labels = ",".join(f"{key}={value}" for key, value in now["spec"]["selector"]["matchLabels"].items())
        listed = json.loads(kubectl("get", "replicasets", *self.place, "-l", labels, "-o", "json"))["items"]
        own = [one for one in listed if self._owns(now, one)]
        return sorted(own, key=lambda one: int(annotations(one).get(NUMBER, 0)), reverse=True)

    def _owns(self, now: Thing, one: Thing) -> bool:
        owners = one["metadata"].get("ownerReferences", [])
        return any(owner["uid"] == now["metadata"]["uid"] for owner in owners)

    def of(self, revision: str) -> Thing | None:
        """The newest ReplicaSet of that revision."""
        return next((one for one in self.sets() if made_from(one["spec"]["template"]) == revision), None)

    def ask_again(self) -> None:
        """Make the wanted revision the present one, when it was taken back before."""
        if made_from(self.now()["spec"]["template"]) == self.wanted:
            return
        found = self.of(self.wanted)
        if found is None:
            raise Refused(f"{self.name}: what is wanted of it is not known any more: deploy a new release")
        self.put(found)

    def put(self, one: Thing) -> None:
        """The pods of a ReplicaSet from now on, all of it and nothing else, as if Pulumi had said so."""
        now = self.now()
        kept = {key: value for key, value in annotations(now).items() if key != NUMBER}
        template = json.loads(json.dumps(one["spec"]["template"]))
        template["metadata"]["labels"].pop(HASH, None)
        metadata = {"name": self.name, "annotations": kept, "labels": now["metadata"].get("labels", {})}
        metadata["namespace"] = now["metadata"]["namespace"]
        whole = {
            "apiVersion": now["apiVersion"],
            "kind": now["kind"],
            "metadata": metadata,
            "spec": {**now["spec"], "template": template},
        }
        self.old_news = given_up(now)
        owner = f"--field-manager={self.manager}"
        kubectl("apply", "--server-side", "--force-conflicts", owner, "-f", "-", stdin=json.dumps(whole))

    def served(self) -> bool:
        """Whether all pods are new and serve; Refused when that was given up."""
        now = self.now()
        status, wanted = now.get("status", {}), now["spec"]["replicas"]
        if status.get("observedGeneration", 0) < now["metadata"]["generation"]:
            return False
        # The verdict on the revision before stands there until the new one makes its first step.
        if given_up(now) not in ("", self.old_news):
            raise Refused(f"{self.name} did not become ready")
        counts = [status.get(f"{kind}Replicas", 0) for kind in ("updated", "available")]
        return all(count >= wanted for count in counts) and status.get("replicas", 0) == wanted

    def proven(self) -> Thing | None:
        """The newest that served, whatever is wanted now."""
        return next((one for one in self.sets() if annotations(one).get(PROVEN)), None)

    def prove(self) -> None:
        """Note that the wanted revision serves."""
        found = self.of(self.wanted)
        if found is not None and not annotations(found).get(PROVEN):
            name = found["metadata"]["name"]
            kubectl("annotate", "replicaset", name, *self.place, f"{PROVEN}=yes", "--overwrite")

    def last_words(self) -> str:
        """What became of the pods that did not serve: a reason, and what they said."""
        found = self.of(self.wanted)
        if found is None:
            return "no pods"
        words = []
        try:
            label = f"{HASH}={found['metadata']['labels'][HASH]}"
            listed = json.loads(kubectl("get", "pods", *self.place, "-l", label, "-o", "json"))["items"]
            words = [reason for pod in listed for reason in reasons(pod)][:2]
            words += kubectl("logs", *self.place, "-l", label, "--tail=3").split()
        except NoAnswer as error:  # of a container that never started
            words.append(str(error))
        return " ".join(words)[:500] or "nothing"


def annotations(one: Thing) -> dict[str, str]:
    """Of an object; it may have none."""
    found: dict[str, str] = one["metadata"].get("annotations") or {}
    return found


def given_up(one: Thing) -> str:
    """When the cluster gave up a Deployment's rollout; empty while it has not."""
    for condition in one.get("status", {}).get("conditions", []):
        if condition.get("reason") == "ProgressDeadlineExceeded":
            return str(condition.get("lastUpdateTime"))
    return ""


def made_from(template: Thing) -> str:
    """The revision of a pod's template."""
    return annotations(template).get(REVISION, "")


def reasons(pod: Thing) -> list[str]:
    """Why a pod's containers, or the pod itself, wait or ended."""
    status = pod.get("status", {})
    states = [one.get("state", {}) for one in status.get("containerStatuses", [])]
    found = [state.get(kind, {}).get("reason") for state in states for kind in ("waiting", "terminated")]
    found += [one.get("message") for one in status.get("conditions", []) if one.get("status") == "False"]
    return [reason for reason in found if reason]


def until(conditions: list[Callable[[], bool]], seconds: float) -> None:
    """Wait until all are true; Refused when one says so, or when it takes longer."""
    deadline, word = time.monotonic() + seconds, "not ready"
    while time.monotonic() < deadline:
        try:
            if all(condition() for condition in conditions):
                return
        except NoAnswer as error:
            word = str(error)
        time.sleep(PAUSE)
    raise Refused(f"{word} within {seconds:g} s")


def roll_out(wanted: Thing) -> None:
    """Refused, with the proven pods serving again, when the new ones do not."""
    deployments = [
        Deployment(wanted["namespace"], name, revision, wanted["manager"])
        for name, revision in wanted["deployments"].items()
    ]
    for one in deployments:
        one.ask_again()
    try:
        until([one.served for one in deployments], wanted["seconds"])
    except Refused as refusal:
        raise Refused(f"release {wanted['release']}: {refusal}, {take_back(deployments, wanted)}") from None
    for one in deployments:
        one.prove()


def take_back(deployments: list[Deployment], wanted: Thing) -> str:
    """Bring back what was proven; what to tell a person about it."""
    failed = [one for one in deployments if not silently(one.served)]
    words = "; ".join(f"{one.name} said: {one.last_words()}" for one in failed)
    back = [(one, proven) for one in deployments if (proven := one.proven()) is not None]
    changed = [(one, proven) for one, proven in back if made_from(proven["spec"]["template"]) != one.wanted]
    if not back:
        return f"and there is no earlier one: correct it; {words}"
    if not changed:
        return f"and it is the one that served before: see the pods of {wanted['namespace']}; {words}"
    for one, proven in changed:
        one.put(proven)
    try:
        until([one.served for one, _ in changed], wanted["seconds"])
    except Refused as refusal:
        return f"nor did the one before ({refusal}): see the pods of {wanted['namespace']}; {words}"
    return f"the one before serves again: correct it; {words}"


def silently(condition: Callable[[], bool]) -> bool:
    """False for one that was given up."""
    try:
        return condition()
    except Refused:
        return False


def main() -> int:
    """0 when the wanted pods serve."""
    try:
        roll_out(json.load(sys.stdin))
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
