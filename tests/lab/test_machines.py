"""Machines of the virtual hospital: they boot, are who they say they are, and lose their power."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import cgroups
from lab.hospital import Lab
from lab.host import started
from tests.lab.little_lab import ON_THE_LAB, as_root_do, booted, command_line, hears, refusal, ssh, succeed

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
NAME = "test-machines"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with booted(NAME) as found:
        yield found


@pytest.fixture(autouse=True)
def whole(lab: Lab) -> Iterator[None]:
    """Every test starts with three running machines."""
    yield
    succeed(lab.name, "up")


def changes(file: Path, within: float = 10.0) -> bool:
    """True when somebody writes something new into the file."""
    deadline = time.monotonic() + within
    before = file.read_text() if file.exists() else ""
    while time.monotonic() < deadline:
        if file.exists() and file.read_text() not in ("", before):
            return True
        time.sleep(0.01)
    return False


def test_three_machines_run_a_whole_debian(lab: Lab) -> None:
    assert list(lab.machines) == ["mac-a", "mac-b", "witness"]
    for machine in lab.machines.values():
        assert machine.run(["systemctl", "is-system-running"]).stdout.strip() == "running"
        assert machine.run(["cat", "/proc/1/comm"]).stdout.strip() == "systemd"
        assert machine.run(["hostname"]).stdout.strip() == machine.name


def test_nothing_serves_before_a_component_enabled_it(lab: Lab) -> None:
    listening = lab.machines["mac-a"].run(["ss", "-Hltn"]).stdout.split("\n")
    assert {row.split()[3].rsplit(":", 1)[1] for row in listening if row} == {"22"}


def test_a_host_key_is_known_before_the_first_connection(lab: Lab) -> None:
    for name in lab.machines:
        assert ssh(lab, name, "hostname").stdout.strip() == name
    keys = {(lab.state / "ssh" / f"{name}.host_key.pub").read_text() for name in lab.machines}
    assert len(keys) == 3


def test_the_administrator_may_everything_and_root_may_not_log_in(lab: Lab) -> None:
    assert ssh(lab, "mac-a", "sudo id -un").stdout.strip() == "root"
    assert ssh(lab, "mac-a", "id -un", user="root").returncode != 0


def test_a_machine_cannot_reach_through_to_this_computer(lab: Lab) -> None:
    computers_disk = Path.cwd().stat().st_dev
    disk = f"{os.major(computers_disk)} {os.minor(computers_disk)}"
    for attempt in (
        f"mknod /tmp/disk b {disk} && head -c 1 /tmp/disk",
        f"mount -t devtmpfs none /mnt && mknod /mnt/d b {disk} && head -c 1 /mnt/d",
        "date --set=now",
        'sysctl -w kernel.printk="$(sysctl -n kernel.printk)"',
        "touch /run/host/os-release",
        "mkdir /sys/kernel/cgroup",
        'test -n "$(dmesg)"',
    ):
        assert lab.machines["mac-a"].run(["sh", "-c", attempt], check=False).returncode != 0, attempt


def test_the_kubelet_finds_its_kernel_settings_and_this_computers_stay(lab: Lab) -> None:
    settings = {name: Path("/proc/sys", name) for name in ("vm/panic_on_oom", "kernel/panic_on_oops")}
    before = {name: setting.read_text() for name, setting in settings.items()}
    machine = lab.machines["mac-a"]
    assert machine.run(["cat", "/proc/sys/kernel/panic_on_oops"]).stdout == "1\n"
    machine.run(["sh", "-c", "echo 1 > /proc/sys/vm/panic_on_oom"])
    assert {name: setting.read_text() for name, setting in settings.items()} == before


def test_a_machine_may_keep_a_program_in_memory(lab: Lab) -> None:
    bounding = lab.machines["mac-a"].run(["sed", "-n", "s/^CapBnd:\\t//p", "/proc/1/status"]).stdout
    assert int(bounding, 16) & 1 << 14  # CAP_IPC_LOCK


def test_a_machine_may_change_its_own_network_settings(lab: Lab) -> None:
    lab.machines["mac-a"].run(["sysctl", "-w", "net.ipv4.ip_nonlocal_bind=1"])
    assert lab.machines["mac-b"].run(["sysctl", "-n", "net.ipv4.ip_nonlocal_bind"]).stdout.strip() == "0"


def test_a_power_cut_ends_everything_at_once_and_the_disk_stays(lab: Lab) -> None:
    victim = lab.machines["mac-b"]
    victim.run(["sh", "-c", "echo remembered > /var/lib/note; systemd-run --unit=work sleep 1000"])
    identity = victim.run(["cat", "/etc/machine-id"]).stdout
    inside = {pid: started(pid) for pid in cgroups.processes(cgroups.existing(lab.name, "mac-b"))}
    assert len(inside) > 4
    began = time.monotonic()
    victim.kill()
    assert time.monotonic() - began < 2
    assert not any(started(pid) == birth for pid, birth in inside.items() if birth)
    assert not victim.is_running()
    assert not hears(lab, "mac-a", "mac-b")
    victim.start()
    assert victim.run(["cat", "/var/lib/note"]).stdout.strip() == "remembered"
    assert victim.run(["cat", "/etc/machine-id"]).stdout == identity
    assert victim.run(["systemctl", "is-active", "work"], check=False).stdout.strip() == "inactive"
    assert ssh(lab, "mac-b", "hostname").stdout.strip() == "mac-b"


def test_addresses_a_machine_took_are_gone_with_its_power(lab: Lab) -> None:
    machine = lab.machines["mac-a"]
    machine.run(["ip", "address", "add", "192.168.100.100/32", "dev", "eth0"])
    assert machine.holds("192.168.100.100")
    assert "mac-a        192.168.100.10     running  holds 192.168.100.100" in succeed(lab.name, "status")
    machine.kill()
    assert not machine.holds("192.168.100.100")
    machine.start()
    assert not machine.holds("192.168.100.100")


def test_a_machine_that_shuts_itself_down_leaves_no_address_behind(lab: Lab) -> None:
    machine = lab.machines["witness"]
    machine.run(["systemctl", "poweroff"], check=False)
    deadline = time.monotonic() + 20
    while machine.is_running() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not machine.is_running()
    assert not hears(lab, "mac-a", "witness")


def test_a_frozen_machine_is_silent_and_continues(lab: Lab) -> None:
    machine = lab.machines["mac-a"]
    machine.run(
        ["systemd-run", "--unit=clock", "sh", "-c", "while sleep 0.02; do date +%N > /srv/clock; done"]
    )
    clock = machine.disk.root / "srv/clock"
    assert changes(clock)
    machine.freeze()
    assert not changes(clock, within=0.3)
    said = command_line(lab.name, "status")
    assert "frozen" in said.stdout
    assert said.returncode == 3
    machine.thaw()
    assert changes(clock)
    machine.freeze()
    machine.kill()  # a frozen machine can lose its power too
    assert not machine.is_running()


def test_each_wrong_command_gets_one_clear_line(lab: Lab) -> None:
    assert "has no machine 'mac-z': it has mac-a, mac-b, witness" in refusal(NAME, "kill", "mac-z")
    assert "has no machine '../x'" in refusal(NAME, "logs", "../x")
    assert "mac-a is already running" in refusal(NAME, "start", "mac-a")
    lab.machines["mac-a"].kill()
    assert "mac-a is already off: `.venv/bin/python -m lab --lab=test-machines start mac-a`" in refusal(
        NAME, "kill", "mac-a"
    )
    assert "mac-a is off" in refusal(NAME, "shell", "mac-a")
    assert "mac-a is off" in refusal(NAME, "freeze", "mac-a")
    assert "'no-such-lab' is not up: start it with" in refusal("no-such-lab", "kill", "mac-a")
    assert "no stack 'x/y': there is" in refusal(NAME, "up", "--stack=x/y")
    assert "lab name 'a/b'" in refusal("a/b", "status")
    assert "was made from another drawing (mac-a" in refusal(NAME, "up", "--stack=lab-mvp")


def test_the_journal_can_be_read_after_the_power_cut(lab: Lab) -> None:
    lab.machines["mac-b"].run(["sh", "-c", "logger the last thing it said; journalctl --sync"])
    lab.machines["mac-b"].kill()
    assert "the last thing it said" in succeed(NAME, "logs", "mac-b")


def test_up_on_a_healthy_lab_is_quick_and_changes_nothing(lab: Lab) -> None:
    before = {name: machine.init_pid for name, machine in lab.machines.items()}
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = command_line(lab.name, "up")
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    # The processor's time: the wall clock is everybody's on a loaded computer.
    assert ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime < 2
    assert done.stderr.count("\n") == 1
    assert {name: machine.init_pid for name, machine in lab.machines.items()} == before


def test_up_repairs_what_is_half_dead(lab: Lab) -> None:
    untouched = lab.machines["witness"].init_pid
    init = lab.machines["mac-a"].init_pid
    assert init is not None
    as_root_do("kill", "-KILL", str(init))  # died by itself
    lab.machines["mac-b"].run(["systemctl", "stop", "ssh"])  # lives, but cannot be reached
    lab.partition("mac-b", "witness")
    succeed(lab.name, "up")
    assert all(ssh(lab, name, "true").returncode == 0 for name in lab.machines)
    assert hears(lab, "mac-b", "witness")
    assert lab.machines["witness"].init_pid == untouched


def test_a_reused_process_id_is_not_taken_for_a_machine(lab: Lab) -> None:
    machine = lab.machines["mac-a"]
    machine.kill()
    record = f"/run/prontuario/{NAME}/mac-a.json"
    as_root_do("sh", "-c", f"""echo '{{"pid": {os.getpid()}, "birth": 1}}' > {record}""")
    assert not machine.is_running()
    machine.start()
    assert machine.is_running()


def together(*lines: tuple[str, ...]) -> list[tuple[int, str]]:
    """Exit status and words of several commands that were started at the same moment."""
    argvs = [[*ON_THE_LAB, f"--lab={NAME}", *words] for words in lines]
    running = [subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) for argv in argvs]
    return [(process.wait(60), process.communicate()[1]) for process in running]


def test_of_two_simultaneous_starts_one_boots_the_machine(lab: Lab) -> None:
    lab.machines["mac-a"].kill()
    ended = together(("start", "mac-a"), ("start", "mac-a"), ("start", "mac-a"))
    assert sorted(status for status, _ in ended) == [0, 1, 1], ended
    assert all("mac-a is already running" in said for status, said in ended if status)
    assert ssh(lab, "mac-a", "hostname").stdout.strip() == "mac-a"


@pytest.mark.parametrize("moment", ["reading", "preparing", "booting"])
def test_an_interrupted_up_says_one_line_and_the_same_command_carries_on(lab: Lab, moment: str) -> None:
    for machine in lab.machines.values():
        machine.kill()
    # A shell that runs the tests in the background ignores Ctrl-C for them, and a child inherits that.
    argv = ["env", "--default-signal=INT", *ON_THE_LAB, f"--lab={NAME}", "up"]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    said = ""
    if moment == "booting":
        said = process.stderr.readline()
    else:
        time.sleep({"reading": 0.1, "preparing": 0.25}[moment])
    os.killpg(process.pid, signal.SIGINT)
    said += process.communicate(timeout=60)[1]
    assert "Traceback" not in said
    assert said.endswith("lab: interrupted: the same command again continues\n")
    succeed(NAME, "up")
    assert all(ssh(lab, name, "true").returncode == 0 for name in lab.machines)
