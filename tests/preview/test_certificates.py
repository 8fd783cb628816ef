"""Certificates under the real engine: renewed by `pulumi up`, and the root kept by everything else."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation

from components.authority import (
    AUTHORITY_RENEWAL_DAYS,
    LEAF_RENEWAL_DAYS,
    CertificateAuthority,
    CertificateAuthorityArgs,
)
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.config.load import read_hospital
from tests.components.conftest import hospital_document
from toolchain import engine

pytestmark = pytest.mark.engine

ROOT, LEAF = "authority-root", "authority-edge-certificate"


@dataclass
class Stack:
    """The authority and the edge's certificate, without a machine that would have to answer."""

    engine: automation.Stack
    document: dict[str, Any]

    def build(self) -> None:
        """The program, as stacks/prod.py says it."""
        hospital = read_hospital(self.document)
        authority = CertificateAuthority("authority", CertificateAuthorityArgs(hospital=hospital.name))
        LoadBalancer("edge", LoadBalancerArgs(hospital, [], authority, authority))

    def replaced(self) -> set[str]:
        """The certificates and keys that a preview, which refreshes nothing, would replace."""
        return self._run(self.engine.preview)

    def up(self) -> set[str]:
        """What an update, which refreshes nothing, replaced."""
        return self._run(self.engine.up)

    def _run(self, verb: Any) -> set[str]:
        events: list[automation.EngineEvent] = []
        verb(program=self.build, on_event=events.append, refresh=False)
        steps = [event.resource_pre_event.metadata for event in events if event.resource_pre_event]
        return {step.urn.split("::")[-1] for step in steps if step.op == automation.OpType.REPLACE}

    def ends_in(self, days: int, *names: str) -> None:
        """Let time pass: the certificates of these names are valid for ``days`` days more."""
        exported = self.engine.export_stack()
        end = (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
        assert exported.deployment is not None
        for resource in exported.deployment["resources"]:
            if resource["urn"].split("::")[-1] in names:
                assert resource["outputs"]["readyForRenewal"] is False
                resource["outputs"]["validityEndTime"] = end
        self.engine.import_stack(exported)


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, automation.Deployment]]:
    """A stack after its first update, and its state then."""
    folder = tmp_path_factory.mktemp("certificates")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in _environment(folder).items():
            environment.setenv(name, value)
        settings = automation.ProjectSettings(name="certificates", runtime="python")
        stack = Stack(
            automation.create_stack(
                "test",
                project_name="certificates",
                program=lambda: None,
                opts=automation.LocalWorkspaceOptions(work_dir=str(folder), project_settings=settings),
            ),
            {},
        )
        stack.document = hospital_document()
        stack.up()
        yield stack, stack.engine.export_stack()


def _environment(folder: Path) -> Mapping[str, str]:
    return {
        **engine.environment(),
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase for tests",
    }


@pytest.fixture
def stack(created: tuple[Stack, automation.Deployment]) -> Stack:
    """The stack as its first update left it."""
    stack, state = created
    stack.engine.import_stack(deepcopy(state))
    stack.document = hospital_document()
    return stack


def test_a_second_update_replaces_nothing(stack: Stack) -> None:
    assert stack.replaced() == set()


def test_a_certificate_is_renewed_when_its_last_days_begin(stack: Stack) -> None:
    stack.ends_in(LEAF_RENEWAL_DAYS + 1, LEAF)
    assert stack.replaced() == set()
    stack.ends_in(LEAF_RENEWAL_DAYS - 1, LEAF)
    assert stack.replaced() == {LEAF}
    assert stack.up() == {LEAF}
    assert stack.replaced() == set()


def test_the_root_is_renewed_while_it_outlives_every_certificate_and_signs_them_again(stack: Stack) -> None:
    stack.ends_in(AUTHORITY_RENEWAL_DAYS + 1, ROOT)
    assert stack.replaced() == set()
    stack.ends_in(AUTHORITY_RENEWAL_DAYS - 1, ROOT)
    assert stack.up() == {ROOT, LEAF}
    assert stack.replaced() == set()


def test_another_port_of_the_edge_leaves_every_certificate_alone(stack: Stack) -> None:
    stack.document["edge"]["stats_port"] = 8406
    assert stack.up() == set()


def test_another_address_of_a_machine_is_certified_by_the_same_root(stack: Stack) -> None:
    stack.document["nodes"]["witness"]["address"] = "192.168.100.99"
    assert stack.up() == {LEAF, "authority-edge-request"}
