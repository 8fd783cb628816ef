"""The LAN of the virtual hospital: nobody leaves it, nobody else's is touched, and nothing of it stays."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import cgroups, sweep
from lab.hospital import Lab
from lab.host import LabError
from lab.network import require_inside
from lab.privilege import as_root
from tests.lab.little_lab import (
    ON_THE_LAB,
    as_root_do,
    booted,
    command_line,
    hears,
    on_the_lan,
    refusal,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
NAME = "test-network"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with booted(NAME) as found:
        yield found


def interfaces() -> str:
    """Interfaces, addresses and routes from where this test runs, and the interfaces of PID 1."""
    shown = [["ip", "-br", what] for what in ("link", "address", "route")]
    own = "".join(subprocess.run(argv, capture_output=True, text=True, check=True).stdout for argv in shown)
    outside = Path("/proc/1/net/dev").read_text().splitlines()[2:]
    return own + " ".join(row.split(":")[0] for row in outside)


def traces(name: str) -> list[str]:
    """Everything on this computer that belongs to a lab of this name."""
    state = Lab.named(name).state
    found = [str(path) for path in (state, Path("/run/prontuario", name)) if path.exists()]
    found += [str(path) for path in Path("/run/netns").glob(f"prontuario.{name}.*")]
    found += [str(path) for path in Path("/run/prontuario").glob(f"{name}*")]
    found += [str(path) for path in Path("/run/systemd/nspawn").glob(f"*/{name}.*")]
    found += [line for line in Path("/proc/self/mounts").read_text().splitlines() if f"/labs/{name}/" in line]
    found += [str(group) for group in cgroups.existing(name)]
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_text()
        except OSError:
            continue
        if f"/labs/{name}/" in words or f"--machine={name}." in words:
            found.append(words.replace("\0", " "))
    return found


def listeners(port: int) -> list[str]:
    """The addresses of this computer on which somebody waits at this port, as the kernel writes them."""
    rows = [
        row.split() for table in ("tcp", "tcp6") for row in Path("/proc/net", table).read_text().splitlines()
    ]
    waiting = [row[1].split(":") for row in rows if row[3] == "0A"]
    return [address for address, number in waiting if int(number, 16) == port]


def test_machines_hear_each_other_and_nobody_else(lab: Lab) -> None:
    assert hears(lab, "mac-a", "mac-b")
    assert hears(lab, "mac-b", "witness")
    outside = lab.machines["mac-a"].run(["ping", "-n", "-c1", "-W1", "1.1.1.1"], check=False)
    assert "100% packet loss" in outside.stdout


def test_the_lan_has_no_way_out(lab: Lab) -> None:
    links = json.loads(on_the_lan(lab, ["ip", "-j", "link"]).stdout)
    assert {link["ifname"] for link in links} == {"lo", "lan0", "port0", "port1", "port2"}
    routes = json.loads(on_the_lan(lab, ["ip", "-j", "route"]).stdout)
    assert [route["dst"] for route in routes] == ["192.168.100.0/24"]


def test_the_computers_own_network_is_as_before() -> None:
    before = interfaces()
    with booted("test-outside", stack="lab-mvp"):
        assert interfaces() == before
    assert interfaces() == before


def test_a_client_outside_the_lan_is_refused(lab: Lab) -> None:
    with pytest.raises(LabError, match=f"run it as `.venv/bin/python -m lab --lab={NAME} exec -- COMMAND`"):
        require_inside(lab)
    with pytest.raises(LabError, match="'no-such-lab' is not up"):
        require_inside("no-such-lab")


def test_a_client_inside_the_lan_is_not_refused(lab: Lab) -> None:
    script = f"from lab.network import require_inside; require_inside({lab.name!r}); require_inside()"
    done = on_the_lan(lab, [sys.executable, "-c", script])
    assert done.returncode == 0, done.stderr


def test_exec_keeps_folder_environment_and_exit_status(lab: Lab, tmp_path: Path) -> None:
    script = 'pwd; echo "$GREETING"; echo "$PRONTUARIO_LAB"; ip -br link show lo; exit 7'
    done = subprocess.run(
        [*ON_THE_LAB, f"--lab={lab.name}", "exec", "--", "sh", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "GREETING": "bom dia", "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=False,
    )
    folder, greeting, name, loopback = done.stdout.splitlines()
    assert (folder, greeting, name, done.returncode) == (str(tmp_path), "bom dia", lab.name, 7)
    assert "UP" in loopback
    assert "no program 'no-such-program' on PATH" in refusal(lab.name, "exec", "--", "no-such-program")
    assert "exec needs a command" in refusal(lab.name, "exec")


def test_root_drops_back_to_the_user_who_asked(lab: Lab) -> None:
    uid = os.geteuid() or 65534
    home = {"HOME": "/nonexistent", "XDG_STATE_HOME": str(lab.state.parents[2]), "TOKEN": "the user's own"}
    asker = subprocess.Popen(
        as_root(["setpriv", f"--reuid={uid}", "--clear-groups", "sleep", "30"]), env=home
    )
    try:
        script = 'id -u; grep CapEff /proc/self/status; echo "$TOKEN"'
        words = [f"--for={asker.pid}", f"--lab={lab.name}", "exec", "--", "sh", "-c", script]
        while Path(f"/proc/{asker.pid}").stat().st_uid != uid:
            time.sleep(0.01)
        root_for = as_root(["env", f"PYTHONPATH={os.getcwd()}", f"SUDO_UID={uid}", *ON_THE_LAB, *words])
        done = subprocess.run(root_for, capture_output=True, text=True, cwd="/", check=False)
        assert done.stdout.split("\n")[:3] == [str(uid), "CapEff:\t0000000000000000", "the user's own"], (
            done.stderr
        )
        stranger = [word.replace(f"SUDO_UID={uid}", "SUDO_UID=1") for word in root_for]
        refused = subprocess.run(stranger, capture_output=True, text=True, cwd="/", check=False)
        assert "is not of the user who asked sudo" in refused.stderr
    finally:
        sweep.end({asker.pid})
        asker.wait()


def test_a_partition_cuts_two_machines_only_and_outlives_a_power_cut(lab: Lab) -> None:
    lab.partition("mac-a", "mac-b")
    assert not hears(lab, "mac-a", "mac-b")
    assert not hears(lab, "mac-b", "mac-a")
    assert hears(lab, "mac-a", "witness")
    assert hears(lab, "mac-b", "witness")
    shown = command_line(lab.name, "status")
    assert "partition    mac-a | mac-b" in shown.stdout
    assert shown.returncode == 3
    lab.machines["mac-a"].kill()
    lab.machines["mac-a"].start()
    assert not hears(lab, "mac-a", "mac-b")
    lab.heal()
    assert any(
        hears(lab, "mac-a", "mac-b") for _ in range(10)
    )  # who was looked for in vain is asked again soon
    assert not lab.partitions


def test_impossible_partitions_get_one_clear_line(lab: Lab) -> None:
    assert "mac-a cannot be partitioned from itself" in refusal(lab.name, "partition", "mac-a", "mac-a")
    assert "has no machine 'cloud'" in refusal(lab.name, "partition", "mac-a", "cloud")
    assert "is not up" in refusal("no-such-lab", "heal")


def test_the_door_leads_from_this_computer_to_the_floating_address(lab: Lab) -> None:
    machine = lab.machines["mac-a"]
    machine.run(["ip", "address", "add", "192.168.100.100/32", "dev", "eth0"])
    machine.run(["sh", "-c", "mkdir /srv/page; echo from mac-a > /srv/page/index.html"])
    page = "cd /srv/page; exec python3 -m http.server 443"
    machine.run(["systemd-run", "--unit=page", "sh", "-c", page])
    port = lab.door_ports["https"]
    answers = []
    for _ in range(50):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as response:
                answers.append(response.read().decode())
            break
        except OSError:
            time.sleep(0.1)
    assert answers == ["from mac-a\n"]
    assert listeners(port) == ["0100007F"]  # 127.0.0.1 and nothing else
    assert set(lab.door_ports) == {"https"}  # the redirect of plain HTTP would not find its way back


def test_two_labs_with_the_same_addresses_do_not_meet(lab: Lab) -> None:
    with booted("test-other", stack="lab-mvp") as other:
        assert other.machines["mac-a"].address == lab.machines["mac-a"].address
        other.machines["mac-a"].run(["touch", "/etc/other"])
        assert not (lab.machines["mac-a"].disk.root / "etc/other").exists()
        assert other.door_ports["https"] != lab.door_ports["https"]
        other.machines["mac-a"].kill()
        assert lab.machines["mac-a"].is_running()
    assert lab.machines["mac-a"].is_running()
    assert lab.door_ports


def test_down_leaves_nothing() -> None:
    name = "test-gone"
    assert traces(name) == []
    with booted(name) as gone:
        gone.machines["mac-a"].kill()
        gone.partition("mac-b", "witness")
        gone.machines["witness"].freeze()
        visitor = subprocess.Popen([*ON_THE_LAB, f"--lab={name}", "exec", "--", "sleep", "600"])
        while "sleep" not in Path(f"/proc/{visitor.pid}/comm").read_text():
            pass
        assert len(traces(name)) > 10
    assert traces(name) == []
    assert visitor.wait(5) != 0


def test_down_cleans_up_after_a_lab_whose_memory_is_lost() -> None:
    name = "test-lost"
    with booted(name, stack="lab-mvp") as lost:
        (lost.state / "lab.json").write_text("{")
        as_root_do("rm", f"/run/prontuario/{name}/mac-a.json")
    assert traces(name) == []


def test_a_half_made_lan_is_made_anew() -> None:
    name = "test-half"
    as_root_do("ip", "netns", "add", f"prontuario.{name}.-lan")
    as_root_do("ip", "-n", f"prontuario.{name}.-lan", "link", "add", "lan0", "type", "bridge")
    with booted(name, stack="lab-mvp") as made:
        assert made.machines["mac-a"].run(["ping", "-n", "-c1", "-W1", "192.168.100.1"]).returncode == 0
    assert traces(name) == []


def test_down_twice_is_fine(lab: Lab) -> None:
    done = command_line("test-never-up", "down")
    assert done.returncode == 0
    assert "'test-never-up' was not up; still there: " in done.stderr
    assert f"{lab.name} (`.venv/bin/python -m lab --lab={lab.name} down`)" in done.stderr
    assert traces("test-never-up") == []
