"""The release: the same inputs give the same bytes, and a machine needs nothing else to run it."""

import json
import marshal
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

import app
from app.release import ARCHITECTURES, ReleaseError, build_release, find_release, identify, plan_release

PROJECT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-zA-Z0-9_.-]+)==([^\s;]+)", re.M)


def checkout(folder: Path) -> Path:
    """A copy of what a release is made of."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "app", folder / "app", ignore=ignore)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the release of every architecture."""
    project = checkout(tmp_path_factory.mktemp("first"))
    for arch in ARCHITECTURES:
        build_release(arch, project)
    return project


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_two_builds_in_two_places_give_the_same_bytes(built: Path, tmp_path: Path, arch: str) -> None:
    # In another process, with another hash seed and other modules in memory.
    again = checkout(tmp_path / "elsewhere")
    program = (
        "import sys, unittest.mock, pathlib; from app.release import build_release;"
        f"build_release({arch!r}, pathlib.Path({str(again)!r}))"
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=PROJECT, env=dict(os.environ, PYTHONHASHSEED="7")
    )
    first, second = find_release(arch, built), find_release(arch, again)
    assert first.id == second.id
    assert first.path.read_bytes() == second.path.read_bytes()


def test_the_id_tells_version_content_and_architecture() -> None:
    ids = {arch: identify(arch)[0] for arch in ARCHITECTURES}
    for arch, identity in ids.items():
        assert re.fullmatch(rf"{re.escape(app.__version__)}-[0-9a-f]{{12}}-{arch}", identity)
    assert len({identity.split("-")[1] for identity in ids.values()}) == len(ARCHITECTURES)


@pytest.mark.parametrize(
    "changed", ["app/health.py", "app/requirements.txt", "app/new.py", "app/terminology/data/cbo.csv"]
)
def test_any_change_of_what_goes_in_is_another_release(tmp_path: Path, changed: str) -> None:
    project = checkout(tmp_path)
    before = identify("x86_64", project)
    with (project / changed).open("a") as source:
        source.write("# changed\n")
    assert identify("x86_64", project) != before


def test_a_release_that_was_not_built_says_what_to_do(tmp_path: Path) -> None:
    project = checkout(tmp_path)
    planned = plan_release("x86_64", project)
    with pytest.raises(ReleaseError) as caught:
        find_release("x86_64", project)
    assert str(caught.value) == f"release {planned.id} is missing: nothing was built yet; run `make release`"


def test_a_release_older_than_its_sources_is_stale(built: Path, tmp_path: Path) -> None:
    project = tmp_path / "edited"
    shutil.copytree(built, project)
    with (project / "app/api.py").open("a") as source:
        source.write("# changed\n")
    with pytest.raises(ReleaseError, match=r"the sources changed since the last build; run `make release`"):
        find_release("x86_64", project)


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ReleaseError, match="no release for architecture 'sparc': choose x86_64 or aarch64"):
        find_release("sparc")


def test_packages_that_cannot_be_had_are_one_line_and_leave_nothing(tmp_path: Path) -> None:
    project = checkout(tmp_path)
    lock = project / "app/requirements.txt"
    lock.write_text("starlette==1.10.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(ReleaseError, match="cannot install the locked packages for x86_64") as caught:
        build_release("x86_64", project)
    assert "\n" not in str(caught.value)
    assert list((project / "build/releases").iterdir()) == []


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_entry_belongs_to_root_has_no_time_and_cannot_be_written(built: Path, arch: str) -> None:
    with tarfile.open(find_release(arch, built).path) as archive:
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


def test_it_runs_with_nothing_but_a_bare_python(built: Path, tmp_path: Path) -> None:
    release = find_release("x86_64" if os.uname().machine == "x86_64" else "aarch64", built)
    with tarfile.open(release.path) as archive:
        archive.extractall(tmp_path, filter="tar")
    environment = {"PRONTUARIO_PORT": "0"}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    # It got as far as judging its settings: every library it needs was found inside.
    assert (done.returncode, done.stderr.splitlines()[0][:26]) == (os.EX_CONFIG, "the service cannot start: ")
    assert json.loads((tmp_path / "manifest.json").read_text())["id"] == release.id


def test_the_tables_that_modules_read_are_inside(built: Path) -> None:
    tables = {path.relative_to(built).as_posix() for path in (built / "app").rglob("*.csv")}
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


def test_the_service_runs_the_versions_that_were_tested() -> None:
    pins = dict(PIN.findall((PROJECT / "requirements.txt").read_text()))
    ours = dict(PIN.findall((PROJECT / "app/requirements.txt").read_text()))
    assert ours
    assert ours.items() <= pins.items()


def test_the_service_has_the_project_s_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert app.__version__ == project["project"]["version"]
