"""One Mac from bare Debian to a served hospital and back, with everything that may go wrong on the way."""

import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab.hospital import Lab
from tests.lab.deployment import (
    ProcessWatch,
    ask,
    deploy,
    deployment_command,
    failed_update,
    workspace,
)
from tests.lab.little_lab import booted, on_the_lan
from toolchain.workspace import alone, stack_settings

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
NAME = "test-deployment"
STACK = "lab-mvp"
MAC = "mac-a"
OWN_TRACES = r"""
find / -xdev -regextype egrep -regex '/(proc|sys|run|tmp|var/log).*' -prune \
    -o -type f -newer /etc/machine-id -print
systemctl list-unit-files --state=enabled --no-legend
systemctl list-units --type=service --state=running --no-legend --plain | awk '{print $1}'
ip -brief address
nft list ruleset
getent passwd prontuario
"""
# Files that are as before in content: an account and a name came and went.
REWRITTEN = {"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/hosts"}
# What logging in once and becoming root leaves, whoever does it.
LOGIN = {"/home/admin/.sudo_as_admin_successful", "user@1000.service"}
# Debian's haproxy makes this place for its log the first time it starts.
PACKAGE = {"/var/lib/haproxy/dev/log"}


def traces(lab: Lab) -> set[str]:
    """What a deployment could leave on the machine."""
    return set(lab.machines[MAC].run(["sh", "-c", OWN_TRACES], check=False).stdout.splitlines())


@pytest.fixture(scope="module")
def bare() -> Iterator[tuple[Lab, set[str]]]:
    """One booted Mac nobody has touched, and how it looked."""
    with booted(NAME, STACK) as lab:
        yield lab, traces(lab)


@pytest.fixture(scope="module")
def watch() -> ProcessWatch:
    return ProcessWatch()


@pytest.fixture(scope="module")
def lab(bare: tuple[Lab, set[str]], watch: ProcessWatch) -> Lab:
    with watch:
        kill_an_update_halfway(bare[0])
        deploy(bare[0], STACK)
    return bare[0]


def kill_an_update_halfway(lab: Lab) -> None:
    """Begin to deploy, and end the engine with everything around it as soon as it works."""
    locks = lab.state / "pulumi" / "state" / ".pulumi" / "locks"
    update = subprocess.Popen(
        deployment_command(lab, STACK, "up"), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert update.stdout is not None
    assert any("created" in line for line in update.stdout), "the update ended before it created anything"
    os.killpg(update.pid, signal.SIGKILL)
    update.communicate()
    # The engine dies a moment after its parent, maybe in the middle of writing its state.
    with suppress(ProcessLookupError):
        while True:
            os.killpg(update.pid, 0)
            time.sleep(0.05)
    assert list(locks.rglob("*.json")), "the killed engine left no lock: this test proves nothing"


@pytest.fixture
def still_serving(lab: Lab) -> Iterator[None]:
    """The service runs before and after, and is the same process: nobody restarted it."""
    main_pid = ["systemctl", "show", "--value", "--property=MainPID", "prontuario", "haproxy", "keepalived"]
    before = lab.machines[MAC].run(main_pid).stdout
    yield
    assert ask(lab, "/ready").status_code == 200
    assert lab.machines[MAC].run(main_pid).stdout == before


def test_an_update_carries_on_after_one_that_was_killed(lab: Lab) -> None:
    # The fixture did both; a stale lock of the engine or a half-made machine would have stopped the second.
    assert not list((lab.state / "pulumi" / "state" / ".pulumi" / "locks").rglob("*.json"))
    state = json.loads(workspace(lab, STACK).run("stack", "export"))
    assert "pending_operations" not in state["deployment"]


def test_two_updates_at_once_are_refused_in_one_line(lab: Lab) -> None:
    with alone(workspace(lab, STACK).folder):
        done = subprocess.run(
            deployment_command(lab, STACK, "up"), capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "being updated by another command" in done.stderr


def test_the_service_answers_behind_the_floating_address(lab: Lab) -> None:
    answer = ask(lab, "/api/v1/ping?value=42")
    assert answer.json()["value"] == "42"
    assert answer.headers["x-served-by"] == MAC


def test_second_preview_changes_nothing(lab: Lab) -> None:
    summary = workspace(lab, STACK).preview()["changeSummary"]
    assert set(summary) == {"same"}


def test_plain_http_is_sent_to_https(lab: Lab) -> None:
    url = f"http://{workspace(lab, STACK).outputs()['address']}/health?patient=1"
    curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "--max-time", "3"]
    status, location = on_the_lan(lab, [*curl, url]).stdout.split()
    assert status in {"301", "302", "307", "308"}
    assert location == url.replace("http:", "https:")


def test_tls_below_1_3_is_refused(lab: Lab) -> None:
    old = ssl.create_default_context(cafile=str(lab.state / "ca.pem"))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(httpx.ConnectError, match=r"(?i)protocol|alert|version"):
        ask(lab, "/live", context=old)


def test_statistics_need_the_password_and_are_not_on_the_floating_address(lab: Lab) -> None:
    outputs = workspace(lab, STACK).outputs()
    url = f"{outputs['statistics'][MAC]}metrics"
    curl = ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "3"]
    assert on_the_lan(lab, [*curl, url]).stdout == "401"
    user = f"{outputs['statistics_user']}:{outputs['statistics_password']}"
    assert on_the_lan(lab, [*curl, "--user", user, url]).stdout == "200"
    floating = url.replace(lab.machines[MAC].address, outputs["address"])
    assert on_the_lan(lab, [*curl, "--user", user, floating]).stdout == "000"


def test_no_secret_is_in_a_process_list_the_state_a_log_or_a_rendered_file(
    lab: Lab, watch: ProcessWatch
) -> None:
    key_line = (lab.state / "ssh" / "admin").read_text().splitlines()[2]
    secrets = [workspace(lab, STACK).outputs()["statistics_password"], key_line]
    tls_key = lab.machines[MAC].run(["sh", "-c", "sed -n '/PRIVATE KEY/{n;p;q}' /etc/haproxy/edge.pem"])
    assert tls_key.stdout.strip()
    secrets.append(tls_key.stdout.strip())
    state = "".join(p.read_text() for p in (lab.state / "pulumi").rglob("*.json") if p.is_file())
    journal = lab.machines[MAC].run(["journalctl", "--no-pager", "--output=cat"]).stdout
    world_readable = lab.machines[MAC].run(
        ["sh", "-c", "find /etc /opt /var/lib/prontuario -type f -perm /o+r -exec cat {} + 2>/dev/null"]
    )
    assert any(b"pulumi-resource-command" in line for line in watch.seen), "the watch saw nothing"
    for secret in secrets:
        assert secret not in state
        assert secret not in journal
        assert secret not in world_readable.stdout
        assert not any(secret.encode() in line for line in watch.seen)


@dataclass(frozen=True)
class Strangers:
    """A key nobody knows, and what three updates said that must not get through the door."""

    key: str
    wrong_host_key: str
    wrong_ssh_key: str
    nobody_there: str


@pytest.fixture(scope="module")
def strangers(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Strangers:
    folder = tmp_path_factory.mktemp("strangers")
    file = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True, timeout=30)
    public = " ".join(file.with_suffix(".pub").read_text().split()[:2])

    def wrong_host_key(hospital: dict[str, Any]) -> None:
        hospital["nodes"][MAC]["ssh"]["host_key"] = public

    def nobody_there(hospital: dict[str, Any]) -> None:
        hospital["nodes"][MAC]["address"] = "192.168.100.99"

    deployed = workspace(lab, STACK)
    # Each waits half a minute at the door, so they wait together.
    with ThreadPoolExecutor() as pool:
        said = [
            pool.submit(failed_update, deployed, lab, folder / "host-key", wrong_host_key),
            pool.submit(failed_update, deployed, lab, folder / "ssh-key", lambda _: None, file.read_text()),
            pool.submit(failed_update, deployed, lab, folder / "nobody", nobody_there),
        ]
    return Strangers(file.read_text(), *(attempt.result() for attempt in said))


def test_wrong_host_key_is_refused_and_names_the_machine(still_serving: None, strangers: Strangers) -> None:
    assert f"{MAC}-preflight" in strangers.wrong_host_key
    assert "host key mismatch" in strangers.wrong_host_key


def test_wrong_ssh_key_is_refused_without_showing_it(still_serving: None, strangers: Strangers) -> None:
    assert "unable to authenticate" in strangers.wrong_ssh_key
    assert strangers.key.splitlines()[2] not in strangers.wrong_ssh_key


def test_an_unreachable_machine_is_named_with_its_address(still_serving: None, strangers: Strangers) -> None:
    assert MAC in strangers.nobody_there
    assert "192.168.100.99" in strangers.nobody_there


def other_statistics_port(hospital: dict[str, Any]) -> None:
    hospital["edge"]["stats_port"] = 8406


def test_a_configuration_that_haproxy_refuses_leaves_the_running_one(
    lab: Lab, still_serving: None, tmp_path: Path
) -> None:
    mac = lab.machines[MAC]
    mac.run(["sh", "-c", "cp -p /etc/haproxy/edge.pem /root/edge.pem; echo broken > /etc/haproxy/edge.pem"])
    try:
        said = failed_update(workspace(lab, STACK), lab, tmp_path / "attempt", other_statistics_port)
    finally:
        mac.run(["mv", "/root/edge.pem", "/etc/haproxy/edge.pem"])
    assert "mac-a-edge-haproxy" in said
    assert "edge.pem" in said
    assert ":8404" in mac.run(["cat", "/etc/haproxy/haproxy.cfg"]).stdout


def test_destroy_leaves_the_machine_as_it_was(bare: tuple[Lab, set[str]], lab: Lab) -> None:
    deploy(lab, STACK, "destroy")
    left = {line.rstrip("-") for line in traces(lab) - bare[1]}
    assert sorted(left - REWRITTEN - LOGIN - PACKAGE) == []


def test_the_user_keeps_no_memory_of_the_hospitals_api() -> None:
    remembered = (Path.home() / ".kube").rglob(f"{stack_settings(STACK)['edge']['address']}*")
    assert list(remembered) == []
