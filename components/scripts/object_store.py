"""Makes one store of its parts, and in it buckets, each with a key; says one line when it gives up.

Runs on a machine of the cluster and reads what is wanted on standard input:
{"namespace", "parts": [{"pod", "id", "zone", "capacity"}],
 "buckets": [{"name", "key": {"id", "secret"}}]}
Everything is asked for first and changed only when it is not so.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PATIENCE = 180
"""Seconds for the parts to start and to meet."""
KUBECTL = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf"]


class Refused(Exception):
    """Why it did not work, in one line."""


class Store:
    """The store, through whichever part answers."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.wanted = wanted
        self.parts: list[dict[str, Any]] = wanted["parts"]

    def ask(self, endpoint: str, body: object = None) -> Any:
        """One request; the body is never in a command line."""
        reason = ""
        for part in self.parts:
            pod = ["-n", self.wanted["namespace"], "exec", "-i", part["pod"], "-c", "store"]
            answer = subprocess.run(
                [*KUBECTL, *pod, "--", "/garage", "json-api", endpoint, "-"],
                input=json.dumps(body),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if answer.returncode == 0:
                return json.loads(answer.stdout)
            reason = answer.stderr.strip().rpartition("\n")[2] or "no answer"
        raise Refused(f"{endpoint}: {reason}")

    def met(self) -> tuple[bool, str]:
        """Whether all parts know each other."""
        known = self.ask("GetClusterHealth")["connectedNodes"]
        return known >= len(self.parts), f"{known} of {len(self.parts)} parts have met"

    def well(self) -> tuple[bool, str]:
        """Whether every partition can be read and written."""
        health = self.ask("GetClusterHealth")
        return health["partitionsQuorum"] == health["partitions"] > 0, health["status"]

    def lay_out(self) -> None:
        """Give every part its share, if it has another or none."""
        layout = self.ask("GetClusterLayout")
        present = {role["id"]: (role["zone"], role["capacity"]) for role in layout["roles"]}
        ours = {part["id"]: (part["zone"], part["capacity"]) for part in self.parts}
        if present == ours:
            return
        roles: list[dict[str, Any]] = [
            {"id": part, "zone": zone, "capacity": capacity, "tags": []}
            for part, (zone, capacity) in ours.items()
        ]
        roles += [{"id": part, "remove": True} for part in present if part not in ours]
        self.ask("UpdateClusterLayout", {"roles": roles})
        self.ask("ApplyClusterLayout", {"version": layout["version"] + 1})

    def let_in(self, bucket: str, key: dict[str, str]) -> None:
        """The bucket, and the one key (named like it) that may read and write it; the key of before goes."""
        present = [one["id"] for one in self.ask("ListKeys", {}) if one["name"] == bucket]
        if key["id"] not in present:
            new = {"accessKeyId": key["id"], "secretAccessKey": key["secret"], "name": bucket}
            self.ask("ImportKey", new)
        found = [one for one in self.ask("ListBuckets", {}) if bucket in one["globalAliases"]]
        place = found[0] if found else self.ask("CreateBucket", {"globalAlias": bucket})
        permissions = {"read": True, "write": True, "owner": False}
        grant = {"bucketId": place["id"], "accessKeyId": key["id"], "permissions": permissions}
        self.ask("AllowBucketKey", grant)
        for old in present:
            if old != key["id"]:
                self.ask("DeleteKey", {"id": old})


def until(what: str, condition: Callable[[], tuple[bool, str]]) -> None:
    """Wait for ``condition``; Refused with its last word when it does not come true."""
    deadline, word = time.monotonic() + PATIENCE, "no answer"
    while time.monotonic() < deadline:
        try:
            found, word = condition()
            if found:
                return
        except (Refused, subprocess.TimeoutExpired) as error:
            word = str(error)
        time.sleep(1)
    raise Refused(f"{what}: not within {PATIENCE} s ({word}): see the pods of its namespace")


def main() -> int:
    """0 when the store is as wanted."""
    store = Store(json.load(sys.stdin))
    try:
        until("parts", store.met)
        store.lay_out()
        until("partitions", store.well)
        for bucket in store.wanted["buckets"]:
            store.let_in(bucket["name"], bucket["key"])
    except (Refused, subprocess.TimeoutExpired) as refusal:
        print(f"object store: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
