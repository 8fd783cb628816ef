"""The failure detector on three machines: what each gets, in which order, and what nobody gets."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components import detector_files as files
from components.detector import FailureDetector, FailureDetectorArgs
from components.machine import Machine, MachineArgs, MacStudio, Witness
from infra.config.load import read_hospital
from infra.config.model import Hospital
from tests.components.conftest import PRIVATE_KEY, Engine, hospital_document


@dataclass(frozen=True)
class Cluster:
    """What stands for the cluster."""

    provider: pulumi.ProviderResource
    ready: Sequence[pulumi.Resource]


def deploy(hospital: Hospital) -> FailureDetector:
    """The detector of ``hospital``."""
    machines: list[Machine] = [
        (MacStudio if node.is_mac else Witness)(name, MachineArgs.of(hospital, name, PRIVATE_KEY))
        for name, node in hospital.nodes.items()
    ]
    provider = kubernetes.Provider("api", kubeconfig="{}")
    return FailureDetector("detector", FailureDetectorArgs(hospital, machines, Cluster(provider, [provider])))


def steps(engine: Engine) -> dict[str, str]:
    """What the detector's component made: names and types."""
    return {name: one.type for name, one in engine.resources.items() if one.parent == "detector"}


@pulumi.runtime.test
async def test_every_machine_gets_program_configuration_identity_and_units(
    engine: Engine, hospital: Hospital
) -> None:
    deploy(hospital)
    await engine.settled()
    made = steps(engine)
    for machine in ("mac-a", "mac-b", "witness"):
        for step in ("program", "config", "identity", "command", "unit", "identity-unit", "identity-timer"):
            assert f"{machine}-detector-{step}" in made
            assert f"{machine}-detector-{step}" in engine.named(f"{machine}-detector").depends_on


@pulumi.runtime.test
async def test_one_machine_is_updated_after_the_other(engine: Engine, hospital: Hospital) -> None:
    deploy(hospital)
    await engine.settled()
    for earlier, later in (("mac-a", "mac-b"), ("mac-b", "witness")):
        assert f"{earlier}-detector" in engine.named(f"{later}-detector-account").depends_on
    assert "mac-b-detector" not in engine.named("mac-a-detector").depends_on


@pulumi.runtime.test
async def test_the_secret_is_the_same_everywhere_and_secret_everywhere(
    engine: Engine, hospital: Hospital
) -> None:
    deploy(hospital)
    await engine.settled()
    (secret,) = engine.of_type("RandomBytes")
    assert secret.secret_outputs >= {"base64", "hex"}
    for machine in ("mac-a", "mac-b", "witness"):
        for step in ("-config", ""):
            command = engine.named(f"{machine}-detector{step}")
            assert "stdin" in command.secrets
            assert "5ec2e7" in str(command.inputs["stdin"])
            assert command.inputs["logging"] == "none"
    config = str(engine.named("mac-a-detector-config").inputs["stdin"])
    assert f"put_file {files.CONFIG} 0600 prontuario-detector:prontuario-detector" in config


@pulumi.runtime.test
async def test_its_rights_are_few_named_and_not_in_any_secret(engine: Engine, hospital: Hospital) -> None:
    deploy(hospital)
    await engine.settled()
    (role,) = engine.of_type(":Role")
    (binding,) = engine.of_type(":RoleBinding")
    assert role.inputs["metadata"]["namespace"] == "medical-data"
    assert binding.inputs["subjects"][0]["name"] == "prontuario:detectors"
    allowed = {
        (resource, verb)
        for rule in role.inputs["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert allowed == {
        ("clusters", "get"),
        ("clusters", "patch"),
        ("failoverquorums", "get"),
        ("clusters/status", "patch"),
        ("pods", "get"),
        ("pods/status", "patch"),
        ("leases", "get"),
        ("leases", "patch"),
    }
    assert all(rule["resourceNames"] for rule in role.inputs["rules"])
    # Of the records' object one field: tests/preview/test_detector_rights.py asks a real API server.
    (policy,) = engine.of_type(":ValidatingAdmissionPolicy")
    (in_force,) = engine.of_type(":ValidatingAdmissionPolicyBinding")
    assert policy.inputs["spec"]["failurePolicy"] == "Fail"
    assert policy.inputs["spec"]["matchConstraints"]["resourceRules"][0]["resources"] == ["clusters"]
    assert in_force.inputs["spec"]["policyName"] == policy.inputs["metadata"]["name"]
    assert in_force.inputs["spec"]["validationActions"] == ["Deny"]
    assert engine.of_type(":ClusterRole") == engine.of_type(":ClusterRoleBinding") == []


@pytest.mark.parametrize("why", ["one machine", "switched off"])
def test_there_is_no_detector_without_somebody_to_agree_or_when_it_is_off(why: str, engine: Engine) -> None:
    document = hospital_document("mvp" if why == "one machine" else "lab")
    if why == "switched off":
        document["detector"] = {"enabled": False}
        document["failover"] = {"primary_rto": "30s"}

    @pulumi.runtime.test
    async def check() -> None:
        detector = deploy(read_hospital(document))
        await engine.settled()
        assert steps(engine) == {}
        assert detector.ready == []

    check()


def test_another_silence_is_another_configuration(hospital: Hospital) -> None:
    other = hospital.model_copy(update={"detector": hospital.detector.model_copy(update={"dead": 2.5})})
    assert json.loads(files.render_config(other, "mac-a", "ab" * 32))["dead"] == 2.5


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_reads_the_units(hospital: Hospital, tmp_path: Path) -> None:
    program = tmp_path / "detector.pyz"
    program.write_text("")
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    texts = {
        "prontuario-detector.service": files.render_unit(str(program)),
        "prontuario-detector-identity.service": files.render_identity_unit("mac-a").replace(
            files.IDENTITY_TOOL, str(tool)
        ),
        "prontuario-detector-identity.timer": files.IDENTITY_TIMER,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / name for name in texts)],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in run.stderr.splitlines() if "prontuario" in line and "User" not in line]
    assert (run.returncode, ours) == (0, [])


def test_the_shell_scripts_have_no_mistake() -> None:
    folder = Path(files.__file__).with_name("scripts")
    for name in ("detector.sh", "prontuario-detector-identity.sh"):
        subprocess.run(["sh", "-n", folder / name], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", "-s", "sh", folder / "prontuario-detector-identity.sh"], check=True)
