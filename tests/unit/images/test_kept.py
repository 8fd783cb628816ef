"""The lab's bundle is built and signed once, and again only when something it is made of changed."""

import os
from pathlib import Path

import pytest

from lab.host import Progress
from lab.images import artefact, bundle
from lab.images.artefact import ImageBundle, check_signers, ensure, find_bundle, lab_signer, signing_key
from lab.images.verify import ARCHIVE, LIST, SIGNATURE
from tests.unit.images.conftest import ETCD, PAUSE

QUIET = Progress(quiet=True)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "prontuario"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where a bundle was built, time after time."""
    seen: list[Path] = []
    real = bundle.build

    def counted(*arguments: object) -> Path:
        made = real(*arguments)  # type: ignore[arg-type]
        seen.append(made)
        return made

    monkeypatch.setattr(bundle, "build", counted)
    return seen


def made(programs: dict[str, Path]) -> ImageBundle:
    return ensure((PAUSE, ETCD), programs, QUIET)


def test_a_built_bundle_is_where_components_look_and_signed_by_the_users_key(
    programs: dict[str, Path], cache: Path
) -> None:
    found = made(programs)
    assert found == find_bundle(found.architecture)
    assert cache in found.folder.parents
    check_signers(found, [lab_signer()])


def test_the_signing_key_is_made_once_and_for_this_user_alone(cache: Path) -> None:
    first = signing_key().read_bytes()
    assert signing_key().read_bytes() == first
    assert signing_key().stat().st_mode & 0o777 == 0o600
    assert signing_key().parent.stat().st_mode & 0o777 == 0o700
    assert lab_signer().startswith("ssh-ed25519 AAAA")
    assert len(lab_signer().split()) == 2


def test_the_same_parts_are_not_built_again(programs: dict[str, Path], builds: list[Path]) -> None:
    first = made(programs)
    before = first.archive.stat().st_mtime_ns
    assert made(programs) == first
    assert first.archive.stat().st_mtime_ns == before
    assert len(builds) == 1


@pytest.mark.parametrize("lost", [LIST, ARCHIVE, "inputs"])
def test_a_bundle_with_a_part_missing_is_built_again(
    programs: dict[str, Path], builds: list[Path], lost: str
) -> None:
    (made(programs).folder / lost).unlink()
    made(programs)
    assert len(builds) == 2


def test_another_build_of_a_program_is_another_bundle(
    programs: dict[str, Path], builds: list[Path], tmp_path: Path
) -> None:
    first = made(programs)
    newer = tmp_path / "etcd-3.7-0123456789abcdef" / "etcd"
    newer.parent.mkdir()
    newer.write_bytes(programs["etcd"].read_bytes().replace(b"true", b"TRUE"))
    assert made({**programs, "etcd": newer}).digest != first.digest
    assert len(builds) == 2


def test_an_image_more_is_another_bundle(programs: dict[str, Path], builds: list[Path]) -> None:
    ensure((PAUSE,), programs, QUIET)
    assert len(made(programs).images) == 2
    assert len(builds) == 2


def test_a_changed_recipe_is_another_bundle(
    programs: dict[str, Path], builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(programs)
    monkeypatch.setattr(artefact, "_NO_RECIPE", ())
    made(programs)
    assert len(builds) == 2


def test_a_new_key_signs_the_bundle_that_is_there(
    programs: dict[str, Path], builds: list[Path], cache: Path
) -> None:
    first = made(programs)
    old = lab_signer()
    for half in signing_key().parent.glob("key*"):
        half.unlink()
    again = made(programs)
    assert lab_signer() != old
    assert again == first
    check_signers(again, [lab_signer()])
    assert len(builds) == 1


def test_a_lost_signature_is_made_again(programs: dict[str, Path], builds: list[Path]) -> None:
    (made(programs).folder / SIGNATURE).unlink()
    check_signers(made(programs), [lab_signer()])
    assert len(builds) == 1


def test_an_interrupted_build_is_not_taken_for_a_finished_one(
    programs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(programs)

    def interrupted(*_: object) -> Path:
        raise KeyboardInterrupt

    smaller = {**programs, "etcd": programs["pause"]}
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "build", interrupted)
        with pytest.raises(KeyboardInterrupt):
            made(smaller)
    os.utime(programs["pause"])
    assert made(smaller).images == ("registry.example/etcd:3.6-0", "registry.example/pause:1.0")


def test_what_a_killed_build_left_is_taken_away(programs: dict[str, Path]) -> None:
    left = made(programs).folder / ".draft-of-a-killed-build"
    left.mkdir()
    (left / ARCHIVE).write_bytes(b"half")
    made(programs)
    assert not left.exists()


def test_one_of_many_signers_is_enough(programs: dict[str, Path]) -> None:
    stranger = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHmo4Pl2hWQ+j42ff87PxsFjneXyzJAAJRCa6/C2jf97"
    check_signers(made(programs), [stranger, lab_signer()])
