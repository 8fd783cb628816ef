"""The services' image: one release on Debian's Python, in an archive of its own."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from app.release import Release
from lab.host import LabError, Progress
from lab.images import bundle, debian, oci, services
from lab.images.artefact import check_signers, lab_signer
from lab.images.catalogue import IMAGES, SERVICES
from lab.images.verify import ARCHIVE, LIST, verify
from tests.unit.images.conftest import key
from tests.unit.images.rewriting import blob, contents, parts
from tests.unit.images.test_bundle import unpack

QUIET = Progress(quiet=True)
HERE = next(linux for linux, short in bundle.ARCHITECTURES.items() if short == bundle.architecture())
ELSEWHERE = {"x86_64": "aarch64", "aarch64": "x86_64"}
CODE = {"__main__.py": b"print('served')", "lib/fastapi/app.py": b"pass", "manifest.json": b"{}"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this user's own, and a Debian of one file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    layer = tmp_path / "debian.tar"
    with tarfile.open(layer, "w") as tar:
        tar.addfile(oci.plain_entry("usr/bin/python3", 0, 0o755))
    unpacked = debian.Unpacked(oci.Blob.of(layer), {"python3.11": "3.11.2-6+deb12u9"})
    monkeypatch.setattr(debian, "ensure", lambda *_: unpacked)
    return tmp_path / "cache" / "prontuario"


def release(folder: Path, number: int = 1, arch: str = HERE) -> Release:
    """A release whose archive exists, written by whoever and whenever."""
    path = folder / f"release-{number}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in {**CODE, "number": str(number).encode()}.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.uname, entry.mode = len(content), number, "somebody", 0o777
            tar.addfile(entry, io.BytesIO(content))
    return Release(f"1.2.{number}-0123456789ab-{arch}", f"1.2.{number}", path, f"{number}" * 64, arch)


def test_the_image_is_named_after_the_release_and_signed(tmp_path: Path) -> None:
    made = services.ensure(release(tmp_path), QUIET)
    name = made.image(SERVICES.repository)
    assert name == f"prontuario.internal/services:1.2.1-0123456789ab-{HERE}"
    check_signers(made, [lab_signer()])
    trusted = tmp_path / "signers"
    trusted.write_text(bundle.trust([lab_signer()]))
    assert [image.name for image in verify(made.folder, trusted)] == [name]


def test_the_code_lies_where_the_container_starts_it_and_nobody_may_change_it(tmp_path: Path) -> None:
    made = services.ensure(release(tmp_path), QUIET)
    with tarfile.open(made.archive) as tar:
        held = contents(tar)
    _, manifest = parts(held, made.images[0])
    with tarfile.open(fileobj=io.BytesIO(unpack(held[blob(manifest["layers"][-1]["digest"])]))) as layer:
        entries = {entry.name: (entry.mode, entry.uid, entry.mtime, entry.uname) for entry in layer}
    assert {f"opt/prontuario/{name}" for name in CODE} <= set(entries)
    assert set(entries.values()) == {(0o444, 0, 0, "")}
    config = json.loads(held[blob(manifest["config"]["digest"])])["config"]
    assert config["Entrypoint"][-1] == "/opt/prontuario"
    assert config["User"] == "10001"


def test_the_same_release_gives_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        services.build(release(tmp_path), folder, QUIET)
    for name in (ARCHIVE, LIST):
        assert folders[0].joinpath(name).read_bytes() == folders[1].joinpath(name).read_bytes()


def test_it_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = services.ensure(release(tmp_path), QUIET)
    monkeypatch.setattr(services, "build", lambda *_: pytest.fail("built again"))
    assert services.ensure(release(tmp_path), QUIET) == first


def test_another_library_below_is_another_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = services.ensure(release(tmp_path), QUIET)
    monkeypatch.setattr(services, "_RECIPE", ())
    monkeypatch.setattr(services, "ROOT", "/opt/elsewhere")
    assert services.ensure(release(tmp_path), QUIET).digest != first.digest


def test_a_hospital_signs_with_its_own_key(tmp_path: Path) -> None:
    own = key(tmp_path / "hospital")
    made = services.ensure(release(tmp_path), QUIET, own)
    check_signers(made, [own.with_suffix(".pub").read_text()])
    with pytest.raises(LabError):
        check_signers(made, [lab_signer()])


def test_an_image_that_was_not_built_says_how(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"`python -m lab\.images services`"):
        services.find_services(release(tmp_path))
    assert services.plan_services(release(tmp_path)).image(SERVICES.repository).endswith(":unbuilt")


def test_a_release_for_another_processor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="a computer of that processor"):
        services.ensure(release(tmp_path, arch=ELSEWHERE[HERE]), QUIET)


def test_the_last_releases_stay_and_older_ones_go(tmp_path: Path, cache: Path) -> None:
    for number in range(1, 6):
        services.ensure(release(tmp_path, number), QUIET)
    kept = {path.name.split("-")[0] for path in (cache / "services").iterdir()}
    assert kept == {"1.2.3", "1.2.4", "1.2.5"}


def test_the_machines_bundle_is_not_made_again_for_a_release() -> None:
    assert SERVICES not in IMAGES
