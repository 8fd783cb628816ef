"""The step that makes one store of its parts, before a pretended store."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "components" / "scripts" / "object_store.py"
KUBECTL = """\
#!{python}
# A store of three parts in a file: what `kubectl exec POD -- /garage json-api ENDPOINT -` would do to it.
import json, sys
file = {state!r}
state = json.load(open(file))
endpoint, body = sys.argv[-2], json.load(sys.stdin)
state["calls"].append([endpoint, sys.argv[1:]])
answer = None
if sys.argv[sys.argv.index("exec") + 2] in state["away"]:
    json.dump(state, open(file, "w"))
    sys.exit("error: the pod is away")
if endpoint == "GetClusterHealth":
    fit = 256 if state["roles"] else 0
    answer = {{"connectedNodes": state["met"], "partitions": 256, "partitionsQuorum": fit}}
    answer["status"] = "healthy"
elif endpoint == "GetClusterLayout":
    answer = {{"version": state["version"], "roles": state["roles"]}}
elif endpoint == "UpdateClusterLayout":
    state["staged"], answer = [one for one in body["roles"] if "remove" not in one], {{}}
elif endpoint == "ApplyClusterLayout":
    assert body["version"] == state["version"] + 1
    state["version"], state["roles"], answer = body["version"], state["staged"], {{}}
elif endpoint == "ListKeys":
    answer = state["keys"]
elif endpoint == "ImportKey":
    state["keys"].append({{"id": body["accessKeyId"], "name": body["name"]}})
    answer = {{}}
elif endpoint == "DeleteKey":
    state["keys"] = [one for one in state["keys"] if one["id"] != body["id"]]
elif endpoint == "ListBuckets":
    answer = state["buckets"]
elif endpoint == "CreateBucket":
    answer = {{"id": f"b{{len(state['buckets']) + 1}}", "globalAliases": [body["globalAlias"]]}}
    state["buckets"].append(answer)
elif endpoint == "AllowBucketKey":
    state["allowed"].append(body)
    answer = {{}}
json.dump(state, open(file, "w"))
print(json.dumps(answer))
"""
SECRET = "5ec2e7" * 10


class PretendedStore:
    """The store, and the step that is run before it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "state.json"
        program = folder / "bin" / "kubectl"
        program.parent.mkdir()
        program.write_text(KUBECTL.format(python=sys.executable, state=str(self.file)))
        program.chmod(0o755)
        self.path = f"{program.parent}:{os.environ['PATH']}"
        self.write(met=3, version=0, roles=[], keys=[], buckets=[], allowed=[], away=[], calls=[])

    def write(self, **changes: Any) -> None:
        """Change what the store is."""
        known = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.file.write_text(json.dumps({**known, **changes}))

    def read(self) -> dict[str, Any]:
        """What it is now."""
        return dict(json.loads(self.file.read_text()))

    def set_up(self, key: str = "GK1", patience: int = 180) -> subprocess.CompletedProcess[str]:
        """Run the step."""
        wanted = {
            "namespace": "object-store",
            "parts": [
                {"pod": f"store-{one}-0", "id": one * 64, "zone": f"zone-{one}", "capacity": 10**9}
                for one in "abc"
            ],
            "buckets": [
                {"name": "records-backups", "key": {"id": key, "secret": SECRET}},
                {"name": "documents", "key": {"id": f"{key}D", "secret": SECRET[::-1]}},
            ],
        }
        text = SCRIPT.read_text().replace("PATIENCE = 180", f"PATIENCE = {patience}")
        return subprocess.run(
            [sys.executable, "-I", "-c", text],
            input=json.dumps(wanted),
            env={"PATH": self.path},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def asked(self) -> list[str]:
        """The endpoints that were called."""
        return [endpoint for endpoint, _ in self.read()["calls"]]


@pytest.fixture
def store(tmp_path: Path) -> PretendedStore:
    return PretendedStore(tmp_path)


def test_parts_become_a_store_with_buckets_and_a_key_for_each(store: PretendedStore) -> None:
    assert store.set_up().returncode == 0
    now = store.read()
    assert {(role["id"][0], role["zone"]) for role in now["roles"]} == {
        ("a", "zone-a"),
        ("b", "zone-b"),
        ("c", "zone-c"),
    }
    assert [one["globalAliases"] for one in now["buckets"]] == [["records-backups"], ["documents"]]
    assert [one["accessKeyId"] for one in now["allowed"]] == ["GK1", "GK1D"]
    assert [one["bucketId"] for one in now["allowed"]] == ["b1", "b2"]
    rights = {"read": True, "write": True, "owner": False}
    assert all(one["permissions"] == rights for one in now["allowed"])


def test_a_second_time_changes_nothing(store: PretendedStore) -> None:
    store.set_up()
    store.write(calls=[])
    assert store.set_up().returncode == 0
    changing = {"UpdateClusterLayout", "ApplyClusterLayout", "ImportKey", "CreateBucket", "DeleteKey"}
    assert not changing & set(store.asked())


def test_another_key_takes_the_place_of_the_first(store: PretendedStore) -> None:
    store.set_up()
    assert store.set_up(key="GK2").returncode == 0
    assert [one["id"] for one in store.read()["keys"]] == ["GK2", "GK2D"]


def test_the_secret_is_in_no_command_line(store: PretendedStore) -> None:
    store.set_up()
    assert SECRET not in json.dumps(store.read()["calls"])


def test_whichever_part_answers_will_do(store: PretendedStore) -> None:
    store.write(away=["store-a-0"])
    assert store.set_up().returncode == 0
    assert len(store.read()["roles"]) == 3


def test_parts_that_do_not_meet_end_in_one_line(store: PretendedStore) -> None:
    store.write(met=2)
    said = store.set_up(patience=2)
    assert said.returncode == 1
    (line,) = said.stderr.splitlines()
    assert "2 of 3 parts have met" in line
    assert store.read()["roles"] == []
