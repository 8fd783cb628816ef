"""What an administrator does beside ``pulumi up``: in which order, by which door, and what is refused."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from components.remote_script import RUNNER
from infra.config.node import Ssh
from infra.operations.deployment import Deployment, Door, OperationError
from infra.operations.replace import replace
from infra.operations.upgrade import Member, numbers, obstacle, upgrade
from tests.unit.stack_files import hospital_of

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


@dataclass
class Log:
    """What happened, in order; ``says`` are answers, in order, or errors."""

    done: list[str] = field(default_factory=list)
    says: dict[str, list[str | Exception]] = field(default_factory=dict)


@dataclass(frozen=True)
class PretendedDoor:
    name: str
    log: Log

    def run(self, task: str, apply: str, *, limit: float = 300) -> str:
        self.log.done.append(f"{self.name}: {apply}")
        answer = self.log.says.get(self.name, [""]).pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass(frozen=True)
class PretendedEngine:
    log: Log

    def run(self, *arguments: str, capture: bool = True) -> str:
        self.log.done.append("pulumi " + " ".join(arguments))
        return ""


def deployed(stack: str = "lab", **says: list[str | Exception]) -> tuple[Deployment, list[str]]:
    """A deployment that only writes down; what each machine says, with _ for -."""
    hospital = hospital_of(stack)
    log = Log(says={name.replace("_", "-"): answers for name, answers in says.items()})
    doors = {name: PretendedDoor(name, log) for name in hospital.nodes}
    return Deployment(hospital, PretendedEngine(log), doors), log.done  # type: ignore[arg-type]


UP = "pulumi up --yes --skip-preview --suppress-outputs"

# Replacing


@pytest.mark.parametrize(
    ("machine", "sponsor"), [("mac-b", "mac-a"), ("witness", "mac-a"), ("mac-a", "mac-b")]
)
def test_a_machine_leaves_is_wiped_and_joins_with_a_new_ticket(machine: str, sponsor: str) -> None:
    hospital, done = deployed(mac_a=["", ""], mac_b=["", ""], witness=["", ""])
    replace(hospital, machine)
    assert done == [
        f"{sponsor}: expel {machine}",
        f"{machine}: surrender",
        f"{UP} --replace **::{sponsor}-{machine}-kubernetes-ticket",
    ]


def test_the_machine_is_not_touched_when_the_others_refuse() -> None:
    refusal = OperationError("mac-a: replace mac-b: nothing was changed, because ...")
    hospital, done = deployed(mac_a=[refusal])
    with pytest.raises(OperationError, match="nothing was changed"):
        replace(hospital, "mac-b")
    assert done == ["mac-a: expel mac-b"]


def test_a_machine_that_is_gone_is_out_and_its_successor_is_awaited() -> None:
    hospital, done = deployed(
        mac_a=[""], mac_b=[ConnectionError("mac-b (192.168.100.11) does not answer: x")]
    )
    with pytest.raises(
        OperationError, match=r"set up the new machine .* write its host key .* run this again"
    ):
        replace(hospital, "mac-b")
    assert done == ["mac-a: expel mac-b", "mac-b: surrender"]


def test_the_only_machine_and_a_stranger_are_not_replaced() -> None:
    for stack, machine, words in (
        ("lab-mvp", "mac-a", "only machine"),
        ("lab", "mac-c", "has mac-a, mac-b, witness"),
    ):
        hospital, done = deployed(stack)
        with pytest.raises(OperationError, match=words):
            replace(hospital, machine)
        assert done == []


# Upgrading

WHOLE = "mac-a True v1.36.3\nmac-b True v1.36.3\nwitness True v1.36.3\n"


def test_an_upgrade_looks_before_and_after() -> None:
    hospital, done = deployed(mac_a=[WHOLE.replace("36.3", "35.9"), WHOLE])
    upgrade(hospital, "v1.36.3")
    assert done == ["mac-a: survey", UP, "mac-a: survey"]


@pytest.mark.parametrize(
    ("present", "wanted", "words"),
    [
        (WHOLE.replace("mac-b True", "mac-b False"), "v1.36.4", "mac-b is not ready"),
        (WHOLE, "v1.35.9", "nothing goes back to v1.35.9"),
        (WHOLE, "v1.38.0", "go to v1.37 before v1.38.0"),
        (WHOLE.replace("witness True v1.36.3\n", ""), "v1.36.4", "witness is not in the cluster"),
    ],
)
def test_nothing_changes_when_an_upgrade_cannot_end_well(present: str, wanted: str, words: str) -> None:
    hospital, done = deployed(mac_a=[present])
    with pytest.raises(OperationError, match=f"nothing was changed: .*{words}"):
        upgrade(hospital, wanted)
    assert done == ["mac-a: survey"]


def test_a_machine_that_stayed_behind_is_named() -> None:
    hospital, _ = deployed(mac_a=[WHOLE, WHOLE.replace("v1.36.3", "v1.36.4", 2)])
    with pytest.raises(OperationError, match=r"not at v1\.36\.4 after the update: witness \(v1\.36\.3\)"):
        upgrade(hospital, "v1.36.4")


def test_versions_are_compared_as_numbers() -> None:
    assert numbers("v1.9.10") < numbers("v1.10.2")
    members = [Member("mac-a", True, "v1.9.10")]
    assert obstacle(members, ["mac-a"], "v1.10.2") is None


# The door

SSH = """\
#!/bin/sh
printf '%s\\n' "$@" >"$0.argv"
cat >"$0.stdin"
for word; do case $word in UserKnownHostsFile=*) cp "${word#*=}" "$0.known" ;; esac; done
[ ! -f "$0.says" ] || cat "$0.says" >&2
exit "$(cat "$0.status")"
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH)
    program.chmod(0o755)
    program.with_name("ssh.status").write_text("0")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def door(tmp_path: Path, host_key: str | None = HOST_KEY) -> Door:
    node = hospital_of("lab").nodes["mac-b"].model_copy(update={"ssh": Ssh(host_key=host_key)})
    (tmp_path / "key").write_text("THE PRIVATE KEY")
    return Door("mac-b", node, tmp_path / "key")


def test_a_door_believes_the_stack_files_host_key_alone_and_shows_nothing(ssh: Path, tmp_path: Path) -> None:
    door(tmp_path).run("replace mac-b", "surrender")
    argv = ssh.with_name("ssh.argv").read_text().splitlines()
    assert {"StrictHostKeyChecking=yes", "BatchMode=yes", "admin@192.168.100.11", RUNNER % "apply"} <= set(
        argv
    )
    assert ssh.with_name("ssh.known").read_text() == f"192.168.100.11 {HOST_KEY}\n"
    assert not [word for word in argv if "PRIVATE KEY" in word or "surrender" in word]
    assert "apply() {\n:\nsurrender\n}" in ssh.with_name("ssh.stdin").read_text()


def test_a_refusal_is_the_machines_own_line(ssh: Path, tmp_path: Path) -> None:
    ssh.with_name("ssh.status").write_text("65")
    ssh.with_name("ssh.says").write_text("noise\nmac-a: replace mac-b: nothing was changed\n")
    with pytest.raises(OperationError, match=r"^mac-a: replace mac-b: nothing was changed$"):
        door(tmp_path).run("replace mac-b", "expel mac-b")


def test_a_machine_that_does_not_answer_is_another_thing(ssh: Path, tmp_path: Path) -> None:
    ssh.with_name("ssh.status").write_text("255")
    ssh.with_name("ssh.says").write_text("connect to host 192.168.100.11: No route to host\n")
    with pytest.raises(ConnectionError, match=r"mac-b \(192\.168\.100\.11\) does not answer: .*No route"):
        door(tmp_path).run("replace mac-b", "surrender")


def test_nobody_is_believed_without_a_host_key(ssh: Path, tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"nodes\.mac-b\.ssh\.host_key is missing"):
        door(tmp_path, host_key=None).run("replace mac-b", "surrender")
    assert not ssh.with_name("ssh.argv").exists()
