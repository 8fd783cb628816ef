"""What a failure detector may change of the records' object, asked of a real API server."""

import json
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from components.cloudnativepg import operator_release
from components.detector_files import GROUP
from components.detector_rights import render_rights
from components.pools import render_pools
from components.records import Records, render_cluster
from detector.api import MANAGER
from detector.events import Couple, Uncouple
from detector.records import UNCOUPLED, coupling_of
from tests.preview.api_server import ApiServer, api_server
from tests.unit.stack_files import hospital_of

pytestmark = [pytest.mark.engine, pytest.mark.build, pytest.mark.timeout(300)]

ENGINE = "pulumi-kubernetes"
"""What stands for the engine among the owners of fields."""


class Api:
    """An API server that knows the records and a detector's rights."""

    def __init__(self, api: ApiServer, manifest: dict[str, Any]) -> None:
        self._api, self.manifest = api, manifest

    def deploy(self) -> dict[str, Any]:
        """As the engine does it: server-side, as itself."""
        done = self._api._run(
            "apply", "--server-side", f"--field-manager={ENGINE}", "-o", "json", "--show-managed-fields",
            "-f", "-", stdin=json.dumps(self.manifest),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def read(self) -> dict[str, Any]:
        """The object, with who owns which field."""
        done = self._api._run(*self._records("get"), "-o", "json", "--show-managed-fields")
        return dict(json.loads(done.stdout))

    def patch(self, body: dict[str, Any], *flags: str) -> str:
        """As a detector; what is said against it."""
        return self._as_detector(
            *self._records("patch"), "--type=merge", "-p", json.dumps(body), *flags
        ).stderr

    def may(self, *words: str) -> bool:
        """Whether a detector's role lets it."""
        return self._as_detector("auth", "can-i", "-n", "medical-data", *words).returncode == 0

    def _as_detector(self, *words: str) -> subprocess.CompletedProcess[str]:
        who = ("--as=system:detector:mac-a", f"--as-group={GROUP}", "--as-group=system:authenticated")
        return self._api._run(*words, *who, *([f"--field-manager={MANAGER}"] if "patch" in words[:1] else []))

    @staticmethod
    def _records(verb: str) -> tuple[str, ...]:
        return (verb, "clusters.postgresql.cnpg.io", "records", "-n", "medical-data")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """It has the records' definition, the records, and the rights; no operator changes anything."""
    hospital = hospital_of("lab")
    known = [one for one in operator_release() if one["metadata"]["name"].startswith("clusters.")]
    manifest = render_cluster(Records(hospital, "ghcr.io/cloudnative-pg/postgresql:17.6-trixie", "records"))
    with api_server(tmp_path_factory.mktemp("rights"), "10.96.0.0/16") as running:
        running.create(known + [one for one in render_pools(hospital) if one["kind"] == "Namespace"])
        running.wait("Established", "customresourcedefinitions")
        found = Api(running, manifest)
        found.deploy()
        rights = [dict(one) for one in render_rights(hospital)]
        assert running.judge(rights) == []
        running.create(rights)
        _until_it_judges(found)
        yield found


def _until_it_judges(api: Api) -> None:
    said = ""
    for _ in range(100):
        said = api.patch({"metadata": {"labels": {"tried": "now"}}}, "--dry-run=server")
        if "may not change" in said:
            return
    raise AssertionError(f"the policy never came into force: {said}")


def version(api: Api) -> str:
    return str(api.read()["metadata"]["resourceVersion"])


def owners(found: dict[str, Any]) -> set[str]:
    """Who owns fields."""
    return {one["manager"] for one in found["metadata"]["managedFields"]}


def uncouple(api: Api) -> str:
    return api.patch(coupling_of(Uncouple(1, "mac-a", "mac-b", version(api))))


def couple(api: Api) -> str:
    return api.patch(coupling_of(Couple(1, version(api))))


def test_uncoupling_and_coupling_leave_nothing_behind_and_the_engine_sees_no_change(api: Api) -> None:
    before = api.read()
    assert uncouple(api) == ""
    apart = api.read()
    assert apart["spec"]["postgresql"]["synchronous"]["maxStandbyNamesFromCluster"] == 0
    assert apart["metadata"]["annotations"] == {UNCOUPLED: "mac-a does not hear mac-b"}
    assert owners(apart) == owners(before) | {MANAGER}
    again = api.deploy()
    assert again["metadata"]["resourceVersion"] == apart["metadata"]["resourceVersion"], "an update undid it"
    assert couple(api) == ""
    after = api.read()
    assert (after["spec"], after["metadata"].get("annotations")) == (before["spec"], None)
    assert after["metadata"]["managedFields"] == before["metadata"]["managedFields"]
    assert api.deploy()["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]


def test_a_patch_of_another_version_is_refused(api: Api) -> None:
    assert "the object has been modified" in api.patch(coupling_of(Uncouple(1, "mac-a", "mac-b", "1")))


@pytest.mark.parametrize(
    "body",
    yaml.safe_load(
        """
        - {spec: {imageName: somebody.else/postgresql:17}}
        - {spec: {instances: 3}}
        - {spec: {enableSuperuserAccess: true}}
        - {spec: {postgresql: {parameters: {log_statement: all}}}}
        - {spec: {postgresql: {pg_hba: [host all all all trust]}}}
        - {spec: {postgresql: {synchronous: {failoverQuorum: false}}}}
        - {spec: {postgresql: {synchronous: {dataDurability: required}}}}
        - {spec: {postgresql: {synchronous: {maxStandbyNamesFromCluster: 1}}}}
        - {spec: {postgresql: {synchronous: null}}}
        - {spec: {postgresql: null}}
        - {spec: {primaryLease: null}}
        - {metadata: {annotations: {cnpg.io/fencedInstances: '["*"]'}}}
        - {metadata: {labels: {app: other}}}
        - {metadata: {finalizers: [somebody.else/wait]}}
        """
    ),
    ids=str,
)
def test_a_detector_changes_nothing_else_whatever_it_asks_for(api: Api, body: dict[str, Any]) -> None:
    before = deepcopy(api.read())
    assert api.patch(body) != ""
    assert api.read() == before


def test_its_role_is_the_records_alone(api: Api) -> None:
    assert api.may("patch", "clusters.postgresql.cnpg.io/records")
    assert not api.may("patch", "clusters.postgresql.cnpg.io/others")
    for verb in ("update", "delete", "create", "list", "watch"):
        assert not api.may(verb, "clusters.postgresql.cnpg.io/records"), verb
    assert not api.may("get", "secrets")
