"""The release itself: the same inputs give the same bytes, and a machine needs nothing else to run it."""

import json
import marshal
import os
import shutil
import socket
import subprocess
import sys
import tarfile
from itertools import product
from pathlib import Path

import pytest

from app.release import ARCHITECTURES, Part, ReleaseError, artefact_path, build_release, find_release
from app.settings import ServiceRole
from tests.checkout import PROJECT, checkout

pytestmark = pytest.mark.build
EVERY = tuple(product(ARCHITECTURES, Part))
MOST_MB = {Part.WHOLE: 120, Part.PLAIN: 15}
"""The plain part goes to every machine over SSH; the whole one comes with the services' image."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the release of every architecture, every part, as `make release` built them here."""
    project = checkout(tmp_path_factory.mktemp("first"))
    for arch, part in EVERY:
        release = build_release(arch, part=part)
        copy = artefact_path(release.id, project, part)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(release.path, copy)
    return project


@pytest.mark.parametrize(("arch", "part"), EVERY)
def test_two_builds_in_two_places_give_the_same_bytes(
    built: Path, tmp_path: Path, arch: str, part: Part
) -> None:
    # In another process, with another hash seed and other modules in memory.
    again = checkout(tmp_path / "elsewhere")
    program = (
        "import sys, unittest.mock, pathlib; from app.release import Part, build_release;"
        f"build_release({arch!r}, pathlib.Path({str(again)!r}), Part({part.value!r}))"
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=PROJECT, env=dict(os.environ, PYTHONHASHSEED="7")
    )
    first, second = find_release(arch, built, part), find_release(arch, again, part)
    assert first.id == second.id
    assert first.path.read_bytes() == second.path.read_bytes()


@pytest.mark.parametrize("part", Part)
def test_a_release_older_than_its_sources_is_stale(built: Path, tmp_path: Path, part: Part) -> None:
    project = tmp_path / "edited"
    shutil.copytree(built, project)
    with (project / "app/api.py").open("a") as source:
        source.write("# changed\n")
    with pytest.raises(ReleaseError, match=r"the sources changed since the last build; run `make release`"):
        find_release("x86_64", project, part)


@pytest.mark.parametrize(("arch", "part"), EVERY)
def test_an_archive_is_no_larger_than_its_way_bears(built: Path, arch: str, part: Part) -> None:
    assert find_release(arch, built, part).path.stat().st_size < MOST_MB[part] * 1e6


@pytest.mark.parametrize(("arch", "part"), EVERY)
def test_every_entry_belongs_to_root_has_no_time_and_cannot_be_written(
    built: Path, arch: str, part: Part
) -> None:
    with tarfile.open(find_release(arch, built, part).path) as archive:
        entries = archive.getmembers()
    assert [entry.name for entry in entries] == sorted(
        (entry.name for entry in entries), key=lambda name: Path(name).parts
    )
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries} == {(0, 0, 0)}
    assert {entry.mode for entry in entries} == {0o444, 0o555}
    assert not [entry.name for entry in entries if entry.issym() or entry.islnk()]


@pytest.mark.parametrize(("arch", "machine"), [("x86_64", 0x3E), ("aarch64", 0xB7)])
def test_native_code_is_for_the_machine_it_goes_to(built: Path, arch: str, machine: int) -> None:
    with tarfile.open(find_release(arch, built).path) as archive:
        natives = [
            extracted.read(20)
            for entry in archive
            if entry.name.endswith(".so") and (extracted := archive.extractfile(entry))
        ]
    assert natives
    assert {int.from_bytes(header[18:20], "little") for header in natives} == {machine}


def test_no_path_of_the_builder_is_inside(built: Path) -> None:
    with tarfile.open(find_release("x86_64", built).path) as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            if content is not None:
                assert str(built).encode() not in content.read(), entry.name


@pytest.mark.parametrize(
    ("part", "role"), [(Part.PLAIN, ServiceRole.PLAIN), (Part.WHOLE, ServiceRole.API)], ids=str
)
def test_it_runs_with_nothing_but_a_bare_python(
    built: Path, tmp_path: Path, part: Part, role: ServiceRole
) -> None:
    release = find_release("x86_64" if os.uname().machine == "x86_64" else "aarch64", built, part)
    with tarfile.open(release.path) as archive:
        archive.extractall(tmp_path, filter="tar")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # It gets as far as listening, so every library it needs was found inside.
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", str(tmp_path)],
            env={"PRONTUARIO_ROLE": role, "PRONTUARIO_PORT": str(taken.getsockname()[1])},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "address already in use" in done.stdout, done.stderr
    assert json.loads((tmp_path / "manifest.json").read_text())["id"] == release.id


def test_the_tables_and_templates_that_modules_read_are_inside(built: Path) -> None:
    found = [path for kind in ("*.csv", "*.typ") for path in (built / "app").rglob(kind)]
    tables = {path.relative_to(built).as_posix() for path in found}
    with tarfile.open(find_release("x86_64", built).path) as archive:
        assert tables
        assert tables <= set(archive.getnames())


def test_its_bytecode_is_taken_without_a_look_at_the_source(built: Path) -> None:
    with tarfile.open(find_release("x86_64", built).path) as archive:
        bytecode = archive.extractfile("app/__pycache__/factory.cpython-311.pyc")
        assert bytecode is not None
        content = bytecode.read()
    assert int.from_bytes(content[4:8], "little") == 1
    assert marshal.loads(content[16:]).co_name == "<module>"  # noqa: S302 (our own file)
