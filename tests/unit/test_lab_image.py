"""The image: its key, where its packages come from, and what a disk full of surprises does to it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.versions import MACHINE_PACKAGES
from lab import archive, disk, host, image
from lab.disk import Disk, DiskFile
from lab.host import LabError, Progress

QUIET = Progress(quiet=True)
TARGETS = """\
http://mirror.example/debian/\tbookworm\tmain\tDebian\t$(SIGNED_BY)
http://mirror.example/debian/\tbookworm-updates\tmain\tDebian\t$(SIGNED_BY)
http://mirror.example/security/\tbookworm-security\tmain\t$(ORIGIN)\t/usr/share/keyrings/debian-archive-keyring.gpg
http://mirror.example/debian/\tbookworm\tcontrib\tDebian\t$(SIGNED_BY)
http://other.example/apt/\tbookworm\tmain\tSomebody\t/usr/share/keyrings/somebody.gpg
http://third.example/apt/\tbookworm-pgdg\tmain\tPGDG\t$(SIGNED_BY)
"""


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def answer(text: str) -> object:
    def command(argv: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(argv, 0, text, "")

    return command


def test_the_key_changes_with_the_packages_only(monkeypatch: pytest.MonkeyPatch) -> None:
    before = image.key()
    monkeypatch.setattr("lab.image.MACHINE_PACKAGES", tuple(reversed(MACHINE_PACKAGES)))
    assert image.key() == before
    monkeypatch.setattr("lab.image.MACHINE_PACKAGES", (*MACHINE_PACKAGES, "tcpdump"))
    assert image.key() != before


def test_packages_come_from_the_archive_this_computer_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"ID": "debian", "VERSION_CODENAME": "bookworm"}
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: here)
    monkeypatch.setattr(archive, "command", answer(TARGETS))
    assert archive.sources("bookworm").splitlines() == [
        "deb http://mirror.example/debian/ bookworm main",
        "deb http://mirror.example/debian/ bookworm-updates main",
        "deb http://mirror.example/security/ bookworm-security main",
    ]


def test_a_newer_debian_lends_its_archive_to_the_machines_release(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"ID": "debian", "VERSION_CODENAME": "trixie"}
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: here)
    monkeypatch.setattr(archive, "command", answer(TARGETS.replace("bookworm", "trixie")))
    assert "deb http://mirror.example/security/ bookworm-security main" in archive.sources("bookworm")


def test_another_system_uses_the_default_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "fedora"})
    assert archive.sources("bookworm") == ""


def test_a_full_disk_is_named_before_anything_is_downloaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 10**12, 10**8))
    with pytest.raises(LabError, match=r"0\.1 GB free, the image needs 1\.0 GB: make room or set XDG_CACHE"):
        image.ensure(QUIET)


def test_a_failed_build_leaves_no_image_and_says_where_its_log_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "bin" / "mmdebstrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'E: no archive can be reached'\nexit 25\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(
        LabError, match=r"mmdebstrap failed: E: no archive can be reached \(all of it: .*log\)"
    ):
        image.ensure(QUIET)
    assert not image.folder().exists()
    assert [path.name for path in (tmp_path / "prontuario/images").iterdir()] == [
        f"{image.folder().name}.build.log"
    ]


def fake_mmdebstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that build an image of nothing in a cache of the test's own."""
    for name, does in (("mmdebstrap", 'mkdir "$DRAFT/root"'), ("sh", "exit 0")):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/bash\n{does}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("DRAFT", str(tmp_path / f"prontuario/images/.{image.folder().name}.draft"))
    monkeypatch.setattr(image, "NEEDED_BYTES", 0)
    monkeypatch.setattr(archive, "sources", lambda _: "")

    def command(argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        if argv[0] == "chroot":
            return subprocess.CompletedProcess(argv, 0, "", "")
        return host.command(argv, **options)

    monkeypatch.setattr(image, "command", command)


def test_nobody_else_reaches_an_image_and_the_ones_no_lab_uses_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_mmdebstrap(tmp_path, monkeypatch)
    for key in ("unused", "used"):
        (image.folder(key) / "root").mkdir(parents=True)
    plan = tmp_path / "prontuario/labs/second/lab.json"
    plan.parent.mkdir(parents=True)
    plan.write_text('{"image": "used"}')
    image.ensure(QUIET)
    folders = image.folder().parent
    assert {path.name for path in folders.iterdir()} == {image.folder().name, image.folder("used").name}
    assert folders.stat().st_mode & 0o777 == 0o700
    with pytest.raises(LabError, match=r"in use by lab 'second': `\S*python -m lab --lab=second down` first"):
        image.remove()


def test_signatures_are_checked_on_every_computer() -> None:
    assert archive.keyring() == [f"--keyring={archive.KEYRING}"]


def test_a_missing_image_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(LabError, match=r"no image at .*: build it with `\S*python -m lab image`"):
        image.root()


def test_a_file_system_without_overlays_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(argv: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(argv, 32, "", "mount: wrong fs type\n")

    monkeypatch.setattr(disk, "command", refuse)
    with pytest.raises(
        LabError, match=r"no overlay can be mounted here \(mount: wrong fs type\): set XDG_STATE"
    ):
        Disk(tmp_path / "mac-a").mount(tmp_path)


def test_a_full_disk_of_a_machine_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = b"tar: etc/hosts: Cannot write: No space left on device\ntar: Exiting with failure status\n"
    full = subprocess.CompletedProcess([], 2, b"", said)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: full)
    with pytest.raises(LabError, match=r"cannot be written: tar: etc/hosts: .* No space left on device$"):
        Disk(tmp_path / "mac-a").write([DiskFile("etc/hosts", "")])
