"""The release's name: it tells what goes in, before anything is built."""

import re
import tomllib
from pathlib import Path

import pytest

import app
from app.release import (
    ARCHITECTURES,
    Part,
    ReleaseError,
    build_release,
    find_release,
    identify,
    plan_release,
)
from tests.checkout import PROJECT, checkout

READ = ("app/terminology/data/cbo.csv", "app/printing/document.typ")
"""Files that modules read."""
PIN = re.compile(r"^([a-zA-Z0-9_.-]+)==([^\s;]+)", re.M)


def test_the_id_tells_version_content_and_architecture() -> None:
    ids = {arch: identify(arch)[0] for arch in ARCHITECTURES}
    for arch, identity in ids.items():
        assert re.fullmatch(rf"{re.escape(app.__version__)}-[0-9a-f]{{12}}-{arch}", identity)
    assert len({identity.split("-")[1] for identity in ids.values()}) == len(ARCHITECTURES)


@pytest.mark.parametrize(
    "changed",
    ["app/health.py", *(part.lock for part in Part), "app/new.py", *READ],
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


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ReleaseError, match="no release for architecture 'sparc': choose x86_64 or aarch64"):
        find_release("sparc")


@pytest.mark.parametrize("part", Part)
def test_packages_that_cannot_be_had_are_one_line_and_leave_nothing(tmp_path: Path, part: Part) -> None:
    project = checkout(tmp_path)
    lock = project / part.lock
    lock.write_text("starlette==1.10.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(ReleaseError, match="cannot install the locked packages for x86_64") as caught:
        build_release("x86_64", project, part)
    assert "\n" not in str(caught.value)
    assert list((project / "build/releases").iterdir()) == []


@pytest.mark.parametrize("part", Part)
def test_the_service_runs_the_versions_that_were_tested(part: Part) -> None:
    pins = dict(PIN.findall((PROJECT / "requirements.txt").read_text()))
    ours = dict(PIN.findall((PROJECT / part.lock).read_text()))
    assert ours
    assert ours.items() <= pins.items()


def test_every_part_of_a_release_has_its_own_archive_and_the_same_id(tmp_path: Path) -> None:
    project = checkout(tmp_path)
    whole, plain = (plan_release("x86_64", project, part) for part in Part)
    assert whole.id == plain.id
    assert whole.path.name == f"prontuario-{whole.id}.tar.gz"
    assert plain.path.name == f"prontuario-plain-{whole.id}.tar.gz"


def test_the_service_has_the_project_s_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert app.__version__ == project["project"]["version"]
