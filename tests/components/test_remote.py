"""What the SSH door asks of the engine."""

import ast
import hashlib
from pathlib import Path

import pulumi
import pytest

from components.remote import DIAL_RETRIES, DIAL_TIMEOUT, Host
from infra.config.node import Ssh
from tests.components.conftest import HOST_KEY, PRIVATE_KEY, Engine

SECRET = "correct horse battery staple"
ROOT = Path(__file__).parents[2]


def door(host_key: str | None = HOST_KEY) -> Host:
    return Host("mac-a", "192.168.100.10", Ssh(host_key=host_key), pulumi.Output.secret(PRIVATE_KEY))


@pulumi.runtime.test
async def test_a_step_travels_by_standard_input_and_not_in_the_command_line(engine: Engine) -> None:
    door().script("mac-a-names", apply="echo apply-body", remove="echo remove-body", stdin="the payload")
    step = (await engine.settled()).named("mac-a-names")
    assert step.inputs["create"].endswith("sh $f apply'")
    assert step.inputs["delete"].endswith("sh $f remove'")
    assert len(step.inputs["create"]) < 120
    assert "echo apply-body" in step.inputs["stdin"]
    assert "echo remove-body" in step.inputs["stdin"]
    assert step.inputs["stdin"].endswith("\n#--payload--\nthe payload")
    assert "body" not in step.inputs["create"] + step.inputs["delete"]


@pulumi.runtime.test
async def test_a_step_is_updated_in_place_and_never_replaced(engine: Engine) -> None:
    door().script("mac-a-names", apply="true")
    step = (await engine.settled()).named("mac-a-names")
    assert "triggers" not in step.inputs
    assert "update" not in step.inputs


@pulumi.runtime.test
async def test_a_step_without_removal_dials_nobody_when_it_is_destroyed(engine: Engine) -> None:
    door().script("mac-a-preflight", apply="true")
    assert "delete" not in (await engine.settled()).named("mac-a-preflight").inputs


@pulumi.runtime.test
async def test_nothing_travels_in_environment_variables(engine: Engine) -> None:
    door().script("mac-a-names", apply="true")
    step = (await engine.settled()).named("mac-a-names")
    assert step.inputs["addPreviousOutputInEnv"] is False
    assert "environment" not in step.inputs


@pulumi.runtime.test
async def test_a_step_knows_whom_to_trust_and_when_to_give_up(engine: Engine) -> None:
    door().script("mac-a-names", apply="true", timeout=30)
    step = (await engine.settled()).named("mac-a-names")
    connection = step.inputs["connection"]
    assert connection["host"] == "192.168.100.10"
    assert connection["hostKey"] == HOST_KEY
    assert connection["user"] == "admin"
    assert connection["dialErrorLimit"] == DIAL_RETRIES
    assert connection["perDialTimeout"] == DIAL_TIMEOUT
    assert " limit=30\n" in step.inputs["stdin"]
    assert set(step.timeouts.values()) == {"90s"}


def test_an_address_that_never_answers_fails_within_a_minute() -> None:
    pauses = [min(0.1 * 1.5**attempt, 5.0) for attempt in range(DIAL_RETRIES)]
    assert sum(pauses) > 15, "a machine that is booting must be awaited"
    assert sum(pauses) + (DIAL_RETRIES + 1) * DIAL_TIMEOUT < 60


@pulumi.runtime.test
async def test_the_private_key_is_a_secret_even_if_it_came_in_clear(engine: Engine) -> None:
    Host("mac-a", "192.168.100.10", Ssh(host_key=HOST_KEY), PRIVATE_KEY).script("mac-a-names", apply="true")
    assert "connection" in (await engine.settled()).named("mac-a-names").secrets


@pulumi.runtime.test
async def test_a_secret_payload_is_a_secret_everywhere_and_nothing_is_logged(engine: Engine) -> None:
    door().file("mac-a-password", "/etc/prontuario/password", pulumi.Output.secret(SECRET), mode="0600")
    step = (await engine.settled()).named("mac-a-password")
    assert step.inputs["stdin"].endswith(SECRET)
    assert "stdin" in step.secrets
    assert step.inputs["logging"] == "none"
    assert {"stdout", "stderr"} <= step.secret_outputs
    assert SECRET not in str({key: value for key, value in step.inputs.items() if key != "stdin"})
    assert SECRET not in str(engine.messages)


@pulumi.runtime.test
async def test_a_public_payload_can_be_read_in_a_preview(engine: Engine) -> None:
    door().file("mac-a-clock", "/etc/clock.conf", "NTP=192.168.100.1\n")
    step = (await engine.settled()).named("mac-a-clock")
    assert "stdin" not in step.secrets
    assert "logging" not in step.inputs


@pulumi.runtime.test
async def test_another_path_replaces_the_file_so_that_the_old_one_goes(engine: Engine) -> None:
    door().file("mac-a-clock", "/etc/clock.conf", "content")
    step = (await engine.settled()).named("mac-a-clock")
    assert step.inputs["triggers"] == ["/etc/clock.conf"]
    assert "drop_file /etc/clock.conf" in step.inputs["stdin"]


@pulumi.runtime.test
async def test_a_resource_name_always_says_which_machine(engine: Engine) -> None:
    door().script("names", apply="true")
    assert "mac-a-names" in (await engine.settled()).resources


@pulumi.runtime.test
async def test_the_callers_options_count(engine: Engine) -> None:
    first = door().script("mac-a-first", apply="true")
    options = pulumi.ResourceOptions(depends_on=[first], additional_secret_outputs=["stdout"])
    door().script("mac-a-second", apply="true", opts=options)
    second = (await engine.settled()).named("mac-a-second")
    assert second.depends_on == {"mac-a-first"}
    assert "stdout" in second.secret_outputs
    assert second.timeouts["create"] == "180s"


# An upload


def release(folder: Path) -> tuple[str, str]:
    path = folder / "release.tar.gz"
    path.write_bytes(b"release")
    return str(path), hashlib.sha256(b"release").hexdigest()


@pulumi.runtime.test
async def test_an_upload_goes_room_copy_verify_in_that_order(engine: Engine, tmp_path: Path) -> None:
    source, sha256 = release(tmp_path)
    door().upload("mac-a-release", source, sha256, "/opt/release.tar.gz")
    await engine.settled()
    copy, verify = engine.named("mac-a-release-copy"), engine.named("mac-a-release")
    assert copy.depends_on == {"mac-a-release-room"}
    assert verify.depends_on == {"mac-a-release-copy"}
    assert copy.inputs["remotePath"] != "/opt/release.tar.gz"
    assert f"install_upload {copy.inputs['remotePath']} {sha256}" in verify.inputs["stdin"]
    assert f"drop_upload {copy.inputs['remotePath']} /opt/release.tar.gz" in verify.inputs["stdin"]


@pulumi.runtime.test
async def test_an_upload_is_sent_again_for_new_content_and_for_a_new_machine(
    engine: Engine, tmp_path: Path
) -> None:
    source, sha256 = release(tmp_path)
    door().upload("mac-a-release", source, sha256, "/opt/release.tar.gz")
    copy = (await engine.settled()).named("mac-a-release-copy")
    assert sha256 in copy.inputs["triggers"]
    assert HOST_KEY in copy.inputs["triggers"]
    assert "connection" in copy.secrets


@pulumi.runtime.test
def test_an_upload_of_nothing_is_refused_with_the_machine_and_the_file(engine: Engine) -> None:
    with pytest.raises(
        pulumi.RunError, match=r"^mac-a: release: there is no file /nowhere/it: build it first$"
    ):
        door().upload("release", "/nowhere/it", "0" * 64, "/opt/it")


@pulumi.runtime.test
async def test_content_that_only_the_machine_can_finish_goes_through_a_filter(engine: Engine) -> None:
    door().file("mac-a-plain", "/etc/plain", "content")
    door().file("mac-a-chosen", "/etc/chosen", "content", prepare="choose")
    await engine.settled()
    assert "\nchoose | put_file /etc/chosen 0644 root:root\n" in engine.named("mac-a-chosen").inputs["stdin"]
    assert "\nput_file /etc/plain 0644 root:root\n" in engine.named("mac-a-plain").inputs["stdin"]


# Whom to trust


@pulumi.runtime.test
def test_an_update_without_a_host_key_is_refused(engine: Engine) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        door(host_key=None)
    message = str(refusal.value)
    assert message.startswith("nodes.mac-a.ssh.host_key is missing")
    assert "192.168.100.10" in message
    assert "/etc/ssh/ssh_host_ed25519_key.pub" in message
    assert "\n" not in message


@pulumi.runtime.test
async def test_a_preview_without_a_host_key_warns(preview: Engine) -> None:
    door(host_key=None).script("mac-a-names", apply="true")
    await preview.settled()
    assert "mac-a-names" in preview.resources
    assert [message for message in preview.messages if "nodes.mac-a.ssh.host_key" in message]


def test_a_door_never_shows_its_key() -> None:
    assert PRIVATE_KEY not in repr(Host("mac-a", "192.168.100.10", Ssh(host_key=HOST_KEY), PRIVATE_KEY))


def imported_modules(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)  # importlib.import_module("pulumi_command")
    return {name.split(".")[0] for name in found}


def test_there_is_one_door() -> None:
    users = {
        path.relative_to(ROOT)
        for folder in (
            "app",
            "components",
            "detector",
            "drills",
            "infra",
            "lab",
            "policies",
            "stacks",
            "toolchain",
        )
        for path in (ROOT / folder).rglob("*.py")
        if "pulumi_command" in imported_modules(path.read_text())
    }
    assert users == {Path("components/remote.py")}
