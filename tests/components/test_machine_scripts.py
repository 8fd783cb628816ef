"""The steps of a machine, run by the programs of the machines' own image."""

import re
import subprocess
from ipaddress import IPv4Address

import pytest

from components.firewall import firewall_for, render_firewall
from components.machine_files import (
    FIREWALL_UNIT,
    KERNEL_SETTINGS,
    render_clock,
    render_hosts,
    render_metrics_unit,
    render_sshd,
)
from components.remote_script import assemble, call
from infra.config.model import Hospital
from infra.versions import DEBIAN_RELEASE, MACHINE_PACKAGES
from lab.image import CUSTOMIZE, consumer

# What a chroot has no use for: services are not started there, and nobody is logged in.
FAKES = """
mkdir -p /fakes
printf '#!/bin/sh\\necho "systemctl $*" >>/calls; [ "$1" != is-active ] || [ -f /armed ]\\n' >/fakes/systemctl
printf '#!/bin/sh\\necho "systemd-run $*" >>/calls; touch /armed\\n' >/fakes/systemd-run
printf '#!/bin/sh\\n[ ! -f /peer ] || cat /peer\\n' >/fakes/ss
chmod +x /fakes/*
PATH=/fakes:$PATH
mkdir -p /etc/prontuario
"""


def run(apply: str, *, library: str = "machine.sh", payload: str = "") -> subprocess.CompletedProcess[str]:
    step = assemble(machine="mac-a", step="mac-a-step", apply=apply, libraries=[library], payload=payload)
    return consumer(["sh", "step.sh", "apply"], {"step.sh": step})


def succeed(apply: str, *, library: str = "machine.sh", payload: str = "") -> str:
    result = run(apply, library=library, payload=payload)
    assert result.returncode == 0, result.stderr
    return result.stdout


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode != 0, result.stdout
    return result.stderr.splitlines()[-1]


# Preflight


def test_the_image_is_ready_but_for_what_a_chroot_cannot_have() -> None:
    ready = "mkdir -p /run/systemd/system\n" + call(
        "preflight", DEBIAN_RELEASE, "$(uname -m)", "100", *MACHINE_PACKAGES
    ).replace("'$(uname -m)'", '"$(uname -m)"')
    assert succeed(ready) == ""


def test_everything_that_stops_a_machine_is_said_in_one_line() -> None:
    line = last_line(
        run(call("preflight", "trixie", "riscv64", "999999999", "haproxy", "not-a-package", "nor-this"))
    )
    assert line.startswith(
        "mac-a: mac-a-step: this machine is not ready; it runs bookworm: install Debian trixie;"
    )
    assert "install Debian for riscv64" in line
    assert "MB left: free 999999999 MB" in line
    assert line.endswith("packages are missing: apt-get install not-a-package nor-this")


# Names

HOSTS = render_hosts(
    {"mac-a": IPv4Address("192.168.100.10"), "witness": IPv4Address("192.168.100.12")},
    IPv4Address("192.168.100.100"),
    "prontuario.hospital.internal",
)
OLD_HOSTS = (
    "printf '127.0.0.1 localhost\\n127.0.1.1 debian\\n10.0.0.1 kept\\n' >/etc/hosts; uname -n >/etc/hostname"
)


def test_names_are_written_once_however_often_they_are_set() -> None:
    # The name stays the builder's own: a chroot shares it.
    twice = (
        f'{OLD_HOSTS}\ncat >/names\nfor _ in 1 2; do set_names "$(uname -n)" </names; done\ncat /etc/hosts'
    )
    assert succeed(twice, payload=HOSTS) == (
        f"127.0.0.1 localhost\n10.0.0.1 kept\n# prontuario: begin\n{HOSTS}# prontuario: end\n"
    )


def test_forgotten_names_leave_what_others_wrote() -> None:
    both = f'{OLD_HOSTS}\nset_names "$(uname -n)"\nforget_names\nforget_names\ngrep -v 127.0.1.1 /etc/hosts'
    assert succeed(both, payload=HOSTS) == "127.0.0.1 localhost\n10.0.0.1 kept\n"


# Account and directories

MAKE = "make_account\nmake_directories\n"
DROP = "drop_directories\ndrop_account\n"


def test_the_services_own_their_data_and_nothing_else() -> None:
    stat = (
        "stat -c '%a %U %n' /etc/prontuario /opt/prontuario/releases /var/lib/prontuario /var/log/prontuario"
    )
    assert succeed(f"{MAKE}{MAKE}{stat}\ngetent passwd prontuario | cut -d: -f6,7").splitlines() == [
        "755 root /etc/prontuario",
        "755 root /opt/prontuario/releases",
        "750 prontuario /var/lib/prontuario",
        "750 prontuario /var/log/prontuario",
        "/var/lib/prontuario:/usr/sbin/nologin",
    ]


def test_a_destroyed_machine_is_clean() -> None:
    left = "find / -xdev -name '*prontuario*' -not -path '/proc/*'; getent passwd prontuario || :"
    assert succeed(f"{MAKE}mkdir /var/lib/prontuario/empty\n{DROP}{DROP}{left}") == ""


def test_destroying_a_machine_keeps_what_patients_left_there() -> None:
    data = "echo record >/var/lib/prontuario/record"
    assert (
        succeed(f"{MAKE}{data}\n{DROP}cat /var/lib/prontuario/record; id -un prontuario")
        == "record\nprontuario\n"
    )


# Files, by their consumers


def test_sshd_accepts_its_settings() -> None:
    check = 'ssh-keygen -A >/dev/null; mkdir -p /run/sshd; /usr/sbin/sshd -T -C user=admin -f "$1"'
    result = consumer(["sh", "-c", check, "sh", "sshd.conf"], {"sshd.conf": render_sshd("admin")})
    assert result.returncode == 0, result.stderr
    for setting in (
        "permitrootlogin no",
        "passwordauthentication no",
        "allowusers admin",
        "maxstartups 64:30:128",
    ):
        assert setting in result.stdout.splitlines()


def test_systemd_accepts_the_units() -> None:
    units = {
        "/etc/systemd/system/prontuario-firewall.service": FIREWALL_UNIT,
        "/etc/systemd/system/prometheus-node-exporter.service.d/prontuario.conf": render_metrics_unit(
            "192.168.100.10", 9100
        ),
    }
    verify = [
        "systemd-analyze",
        "verify",
        "--man=no",
        "prontuario-firewall.service",
        "prometheus-node-exporter.service",
    ]
    result = consumer(verify, units)
    assert result.returncode == 0, result.stderr
    assert "prontuario" not in result.stderr


def test_kernel_settings_exist() -> None:
    keys = re.findall(r"^([\w.]+) = \d+$", KERNEL_SETTINGS, re.MULTILINE)
    assert len(keys) == len([line for line in KERNEL_SETTINGS.splitlines() if not line.startswith("#")])
    result = consumer(["sysctl", "--values", *keys], {})
    assert result.returncode == 0, result.stderr


def test_a_machine_of_the_lab_sets_nothing_of_the_computers_kernel() -> None:
    wanted = dict(re.findall(r"^([\w.]+) = (\d+)$", KERNEL_SETTINGS, re.MULTILINE))
    kernels = {key: value for key, value in wanted.items() if not key.startswith("net.")}
    (hidden,) = re.findall(r"<<SETTINGS\n(.*?)\nSETTINGS", CUSTOMIZE.read_text(), re.DOTALL)
    in_the_lab = dict(line.split() for line in hidden.splitlines())
    assert kernels == {path.replace("/", "."): value for path, value in in_the_lab.items()}


def test_passing_packets_on_comes_before_what_the_kernel_sets_anew_with_it() -> None:
    keys = re.findall(r"^([\w.]+) = \d+$", KERNEL_SETTINGS, re.MULTILINE)
    assert keys[0] == "net.ipv4.ip_forward"


def test_the_clock_asks_nobody_outside_the_hospital() -> None:
    assert render_clock([IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")]).splitlines() == [
        "[Time]",
        "NTP=10.0.0.1 10.0.0.2",
        "FallbackNTP=",
    ]


# The firewall that cannot lock its owner out


@pytest.fixture
def rules(hospital: Hospital) -> str:
    return render_firewall(firewall_for(hospital, "mac-a"))


def firewall(steps: str, rules: str) -> subprocess.CompletedProcess[str]:
    return run(f"{FAKES}cat >$rules_file\n{steps}", library="firewall.sh", payload=rules)


def test_rules_on_trial_are_in_force_and_undo_themselves(rules: str) -> None:
    result = firewall("try_rules 22 90\nnft list table inet prontuario >/dev/null\ncat /calls", rules)
    assert result.returncode == 0, result.stderr
    assert re.search(r"systemd-run .*--on-active=90 .*nft delete table inet prontuario", result.stdout)


def test_rules_that_would_shut_out_the_session_are_taken_back_at_once(rules: str) -> None:
    visitor = "echo '0 0 192.168.100.10:22 10.9.8.7:51000' >/peer"
    step = f"{visitor}\n( try_rules 22 90 ) || status=$?\nnft list tables\nexit $status"
    result = firewall(step, rules)
    assert "would shut out the SSH session from 10.9.8.7, so it is not in force" in last_line(result)
    assert "prontuario" not in result.stdout


@pytest.mark.parametrize("peer", ["192.168.100.1:51000", "[::ffff:192.168.100.1]:51000"])
def test_a_session_from_the_lan_stays(rules: str, peer: str) -> None:
    result = firewall(f"echo '0 0 192.168.100.10:22 {peer}' >/peer\ntry_rules 22 90", rules)
    assert result.returncode == 0, result.stderr


def test_a_later_connection_makes_the_rules_permanent(rules: str) -> None:
    step = 'try_rules 22 90\nconfirm_rules 22\ncmp "$rules_file" "$confirmed"\ncat /calls'
    result = firewall(step, rules)
    assert result.returncode == 0, result.stderr
    calls = result.stdout.splitlines()
    assert "systemctl stop prontuario-firewall-undo.timer" in calls
    assert calls[-2:] == [
        "systemctl enable --quiet prontuario-firewall",
        "systemctl restart prontuario-firewall",
    ]


def test_confirmed_rules_need_no_second_trial(rules: str) -> None:
    step = "try_rules 22 90\nconfirm_rules 22\nrm /calls\ntry_rules 22 90\nconfirm_rules 22\ncat /calls"
    result = firewall(step, rules)
    assert result.returncode == 0, result.stderr
    assert "systemd-run" not in result.stdout


def test_rules_nobody_confirmed_are_tried_again_and_not_made_permanent(rules: str) -> None:
    undone = "try_rules 22 90\nrm /armed /calls\nnft delete table inet prontuario"
    again = (
        "( confirm_rules 22 ) || status=$?\ncat /calls\nnft list tables\n[ ! -f $confirmed ]\nexit $status"
    )
    result = firewall(f"{undone}\n{again}", rules)
    assert "run pulumi up again now" in result.stderr
    assert result.returncode != 0
    assert "--on-active=180" in result.stdout
    assert "table inet prontuario" in result.stdout.splitlines()


def test_forgetting_the_firewall_twice_succeeds(rules: str) -> None:
    result = firewall("try_rules 22 90\nforget_rules\nforget_rules\nnft list tables", rules)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
