"""Where a machine's control groups go, on the kinds of computers there are."""

import os
import subprocess
from collections.abc import Collection
from pathlib import Path

import pytest

from lab import cgroups
from lab.host import LabError

V1_MOUNTS = """\
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
"""
V2_MOUNTS = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nsdelegate 0 0\n"


def parents(mounts: str, membership: str) -> set[str]:
    return {str(hierarchy.parent) for hierarchy in cgroups.hierarchies(mounts, membership)}


def test_every_mounted_hierarchy_gets_a_group() -> None:
    membership = "4:cpu,cpuacct:/\n3:memory:/\n1:name=systemd:/\n0::/\n"
    assert parents(V1_MOUNTS, membership) == {
        "/sys/fs/cgroup/cpu,cpuacct",
        "/sys/fs/cgroup/memory",
        "/sys/fs/cgroup/systemd",
        "/sys/fs/cgroup/unified",
    }


def test_a_lab_stays_in_the_group_its_container_was_given() -> None:
    membership = "4:cpu,cpuacct:/\n3:memory:/jobs/7\n1:name=systemd:/\n0::/\n"
    assert "/sys/fs/cgroup/memory/jobs/7" in parents(V1_MOUNTS, membership)


@pytest.mark.parametrize(
    "path", ["/user.slice/user-1000.slice/session-3.scope", "/system.slice/cron.service"]
)
def test_a_lab_does_not_end_with_the_login_session_that_started_it(path: str) -> None:
    assert parents(V2_MOUNTS, f"0::{path}\n") == {"/sys/fs/cgroup"}


@pytest.mark.parametrize("above", ["", "/jobs/7"])
def test_a_drill_that_plays_the_phones_does_not_put_machines_among_them(above: str) -> None:
    membership = f"4:cpu,cpuacct:{above}/prontuario.hospital.phones\n3:memory:/\n1:name=systemd:/\n0::/\n"
    assert f"/sys/fs/cgroup/cpu,cpuacct{above}" in parents(V1_MOUNTS, membership)


def test_a_group_outside_of_what_is_mounted_is_not_followed() -> None:
    assert parents(V2_MOUNTS, "0::/../../elsewhere\n") == {"/sys/fs/cgroup"}


def test_version_2_is_told_from_version_1() -> None:
    found = cgroups.hierarchies(V1_MOUNTS, "4:cpu,cpuacct:/\n3:memory:/\n1:name=systemd:/\n0::/\n")
    assert [str(hierarchy.mount) for hierarchy in found if hierarchy.unified] == ["/sys/fs/cgroup/unified"]


def test_destroying_what_is_not_there_is_fine(tmp_path: Path) -> None:
    cgroups.destroy([tmp_path / "gone"])


def test_a_group_that_does_not_go_is_named(tmp_path: Path) -> None:
    group = tmp_path / "prontuario.hospital"
    group.mkdir()
    (group / "stuck").write_text("")
    with pytest.raises(LabError, match=r"control group .*prontuario\.hospital cannot be removed"):
        cgroups.destroy([group], within=0.05)


def test_a_command_on_a_machine_uses_the_processor_as_the_machine(tmp_path: Path) -> None:
    processor, memory = tmp_path / "cpu/mac-a", tmp_path / "memory/mac-a"
    for group in (processor, memory):
        group.mkdir(parents=True)
    (processor / "cpu.shares").write_text("1024")
    (processor / "cgroup.procs").touch()
    done = subprocess.run(
        [*cgroups.joining([memory, processor]), "echo", "said"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "said\n"
    assert (processor / "cgroup.procs").read_text() == "0\n"


def test_on_version_2_a_command_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "cpu.weight").write_text("100")
    assert cgroups.joining([tmp_path]) == []


@pytest.mark.parametrize(
    ("controllers", "setting", "share"),
    [({"cpu", "cpuacct"}, "cpu.shares", 102400), ((), "cpu.weight", 10000)],
)
def test_phones_have_the_processor_before_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, controllers: Collection[str], setting: str, share: int
) -> None:
    others = cgroups.Hierarchy(tmp_path / "memory", frozenset({"memory"}), tmp_path / "memory")
    here = cgroups.Hierarchy(tmp_path, frozenset(controllers), tmp_path)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [others, here])
    assert cgroups.play_phones("hospital")
    group = tmp_path / "prontuario.hospital.phones"
    assert (group / setting).read_text() == str(share)
    assert (group / "cgroup.procs").read_text() == str(os.getpid())
    assert group in cgroups.existing("hospital")


@pytest.mark.parametrize("may_leave", [True, False])
def test_what_leaves_our_groups_runs_wherever_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, may_leave: bool
) -> None:
    here = cgroups.Hierarchy(tmp_path, frozenset({"cpu"}), tmp_path if may_leave else tmp_path / "gone")
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [here])
    (tmp_path / "cgroup.procs").touch()
    done = subprocess.run([*cgroups.leaving(), "echo", "said"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("said\n", "")
    assert (tmp_path / "cgroup.procs").read_text() == ("0\n" if may_leave else "")


def test_a_computer_that_gives_nobody_the_processor_first_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    nowhere = cgroups.Hierarchy(tmp_path, frozenset({"cpu"}), tmp_path / "file")
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [nowhere])
    assert not cgroups.play_phones("hospital")


@pytest.mark.parametrize(
    ("controllers", "setting", "shares"),
    [({"cpu", "cpuacct"}, "cpu.shares", (512, 1024)), ((), "cpu.weight", (50, 100))],
)
def test_a_machine_that_boots_gets_what_the_others_leave_of_the_processor(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    controllers: Collection[str],
    setting: str,
    shares: tuple[int, int],
) -> None:
    booting, equal = shares
    here = cgroups.Hierarchy(tmp_path, frozenset(controllers), tmp_path)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [here])
    (tmp_path / "prontuario.hospital").mkdir()
    (tmp_path / "prontuario.hospital/cgroup.controllers").write_text("cpu")
    (group,) = cgroups.create("hospital", "mac-a")
    assert (group / setting).read_text() == str(booting)
    cgroups.make_equal([tmp_path / "gone", group])
    assert (group / setting).read_text() == str(equal)
