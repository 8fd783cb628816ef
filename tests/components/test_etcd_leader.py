"""etcd's leadership goes to the witness: one move when another leads, none when nothing is certain."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pulumi_random as random
import pytest

from components import etcd_leader
from components.etcd_leader import EtcdLeader, EtcdLeaderArgs
from components.machine import MachineArgs, Witness
from infra.config.load import read_hospital
from tests.components.conftest import PRIVATE_KEY, Engine, hospital_document

ME, OTHER = 0xA1, 0xB2
SCRIPT = Path(etcd_leader.__file__).with_name("scripts") / "prontuario-etcd-leader.py"

ETCDCTL = """\
#!/bin/sh
echo "$*" >>{calls}
case "$*" in
*"endpoint status"*) cat {folder}/status ;;
*"member list"*) cat {folder}/members ;;
*move-leader*) [ ! -e {folder}/refuses ] || {{ echo "Error: no leader" >&2; exit 1; }} ;;
esac
"""


class Etcd:
    """A pretended etcdctl that answers from files and writes down what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls = folder, folder / "calls"
        self.program = folder / "etcdctl"
        self.program.write_text(ETCDCTL.format(folder=folder, calls=self.calls))
        self.program.chmod(0o755)
        members = [
            {"ID": number, "clientURLs": [f"https://192.168.100.{last}:2379"]}
            for number, last in ((OTHER, 10), (ME, 12))
        ]
        (folder / "members").write_text(json.dumps({"members": members}))

    def led_by(self, leader: int) -> None:
        status: dict[str, Any] = {"header": {"member_id": ME}, **({"leader": leader} if leader else {})}
        (self.folder / "status").write_text(json.dumps([{"Endpoint": "here", "Status": status}]))

    @property
    def moves(self) -> list[str]:
        return [line for line in self.calls.read_text().splitlines() if "move-leader" in line]


@pytest.fixture
def etcd(tmp_path: Path) -> Etcd:
    return Etcd(tmp_path)


@pytest.fixture
def script(etcd: Etcd, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("prontuario_etcd_leader", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ETCDCTL", (str(etcd.program),))
    return module


def test_leadership_is_taken_from_whoever_has_it(etcd: Etcd, script: ModuleType) -> None:
    etcd.led_by(OTHER)
    script.main()
    assert etcd.moves == ["--endpoints=https://192.168.100.10:2379 move-leader a1"]


@pytest.mark.parametrize("leader", [ME, 0])
def test_who_leads_already_or_sees_no_leader_moves_nothing(
    etcd: Etcd, script: ModuleType, leader: int
) -> None:
    etcd.led_by(leader)
    script.main()
    assert etcd.moves == []


def test_a_refusal_is_one_line_with_etcds_own_words(etcd: Etcd, script: ModuleType) -> None:
    etcd.led_by(OTHER)
    (etcd.folder / "refuses").touch()
    with pytest.raises(RuntimeError, match="Error: no leader"):
        script.main()


@pulumi.runtime.test
async def test_only_the_given_machine_is_told_and_after_it_is_a_member(engine: Engine) -> None:
    hospital = read_hospital(hospital_document("prod"))
    key = pulumi.Output.secret(PRIVATE_KEY)
    witness = Witness("witness", MachineArgs.of(hospital, "witness", key))
    EtcdLeader("etcd-leader", EtcdLeaderArgs(witness, random.RandomId("member", byte_length=1)))
    await engine.settled()
    ours = [one for one in engine.of_type("remote:Command") if one.parent == "etcd-leader"]
    assert [one.name for one in ours] == [
        f"witness-etcd-leader-{step}" for step in ("program", "service", "timer")
    ]
    assert all("member" in one.depends_on for one in ours[:2])
    assert {one.name for one in ours[:2]} <= engine.named(ours[2].name).depends_on
