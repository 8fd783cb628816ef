"""A computer that cannot carry a lab is told so in one line."""

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from lab import commandline as cli
from lab import doctor, preflight, privilege
from lab.host import LabError, Progress

QUIET = Progress(quiet=True)


def test_a_mac_is_told_about_the_linux_guest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cli.main(["up"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "limactl start --name=lab lab/lima.yaml" in said
    assert "`make preview` works without" in said


def test_without_root_and_sudo_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(LabError, match=r"needs root, and there is no sudo .*`make preview` works without"):
        preflight.system()


def test_missing_tools_are_named_as_packages_where_there_is_no_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "system", lambda: None)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    monkeypatch.setattr("pathlib.Path.exists", lambda _: False)
    wanted = "debian-archive-keyring, gpg, gpgv, iproute2, mmdebstrap, nftables, .*systemd-container"
    with pytest.raises(LabError, match=f"missing here: {wanted}"):
        preflight.check(QUIET, image_is_built=False)


def test_mmdebstrap_is_not_asked_for_when_the_image_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "system", lambda: None)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(LabError) as caught:
        preflight.check(QUIET, image_is_built=True)
    assert "mmdebstrap" not in str(caught.value)


def test_a_missing_kernel_feature_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(argv: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(argv, 1, "bridges (CONFIG_BRIDGE)\n", "noise\n")

    monkeypatch.setattr(preflight, "system", lambda: None)
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/usr/bin/tool")
    monkeypatch.setattr(preflight, "command", refuse)
    with pytest.raises(LabError, match=r"gives the lab no bridges \(CONFIG_BRIDGE\); `make preview` works"):
        preflight.check(QUIET, image_is_built=True)


def test_an_ordinary_user_is_asked_by_sudo_and_no_environment_is_in_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[str]] = []

    def run(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(argv)
        return subprocess.CompletedProcess(argv, 7)

    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "very secret")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/usr/bin/sudo")
    monkeypatch.setattr("subprocess.run", run)
    assert cli.main(["exec", "--", "pulumi", "up"]) == 7
    (argv,) = asked
    assert argv[:2] == ["sudo", "--"]
    assert argv[-4:] == ["exec", "--", "pulumi", "up"]
    assert "very secret" not in " ".join(argv)


def test_root_acts_only_for_the_user_sudo_authenticated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "4242")
    with pytest.raises(LabError, match="is not of the user who asked sudo"):
        privilege.person(os.getpid())


def test_a_computer_that_carries_too_many_machines_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "system", lambda: None)
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/usr/bin/tool")
    monkeypatch.setattr(preflight, "command", lambda argv, **_: subprocess.CompletedProcess(argv, 0, "", ""))
    monkeypatch.setattr(preflight, "watchers_left", lambda wanted: wanted - 1)
    with pytest.raises(LabError, match=r"no room for 3 more machines .*fs\.inotify\.max_user_instances"):
        preflight.check(QUIET, machines=3, image_is_built=True)


def test_trying_out_watchers_gives_them_back() -> None:
    before = len(os.listdir("/proc/self/fd"))
    assert preflight.watchers_left(2) <= 2
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_doctor_of_a_mac_says_how_to_use_the_guest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "limactl start --name=lab lab/lima.yaml" in said
    assert "missing: `brew install lima`" in said
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/opt/homebrew/bin/limactl")
    assert cli.main(["doctor"]) == 0


def without(monkeypatch: pytest.MonkeyPatch, *absent: str) -> list[list[str]]:
    """A Linux of an ordinary user that lacks these programs; returns what will be run."""
    ran: list[list[str]] = []

    def run(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(argv)
        return subprocess.CompletedProcess(argv, 0, "", "")

    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name, **_: None if name in absent else f"/bin/{name}")
    monkeypatch.setattr(doctor, "command", run)
    return ran


def test_the_doctor_names_what_up_installs_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = without(monkeypatch, "systemd-nspawn")
    assert cli.main(["doctor"]) == 0
    assert "missing: `make up` installs systemd-container" in capsys.readouterr().out
    assert {argv[0] for argv in ran} <= {"unshare", "modprobe"}


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        (("systemd-nspawn", "apt-get"), "missing: install systemd-container (Debian's name)"),
        (("sudo",), "missing: no sudo"),
    ],
)
def test_the_doctor_fails_when_up_cannot_help_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], absent: tuple[str, ...], said: str
) -> None:
    without(monkeypatch, *absent)
    assert cli.main(["doctor"]) == 1
    assert said in capsys.readouterr().out
