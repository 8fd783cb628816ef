"""A hospital's bundle is upstream's images, by the digests that were reviewed, in the lab's own format.

Up to the seam: skopeo itself is a stand-in here, because no registry can be reached from a test.
"""

import json
import os
from pathlib import Path

import pytest

from lab.host import LabError, Progress
from lab.images import bundle, upstream, verify
from lab.images.catalogue import IMAGES, NODE, Image
from lab.images.oci import Settings
from lab.images.upstream import copy, name_of, pin
from lab.images.verify import ARCHIVE, LIST, SIGNATURE
from tests.unit.images import rewriting
from tests.unit.images.conftest import ETCD, PAUSE
from tests.unit.images.registry import KIND, Registry

QUIET = Progress(quiet=True)
OTHER = "arm64" if bundle.architecture() == "amd64" else "amd64"
DATABASE = Image("registry.example/database", "", "{debian}-ours", Settings(), upstream_tag="17-theirs")
WANTED = (PAUSE, ETCD, DATABASE)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry(tmp_path / "registry")
    monkeypatch.setenv("PATH", f"{made.programs}:{os.environ['PATH']}")
    for image in WANTED:
        made.publish(name_of(image))
    return made


@pytest.fixture
def pins(tmp_path: Path, registry: Registry) -> Path:
    """What a person reviewed."""
    pin(WANTED, tmp_path / "upstream.json", QUIET)
    return tmp_path / "upstream.json"


def test_pins_are_the_digests_of_what_upstream_calls_so(registry: Registry, pins: Path) -> None:
    found = json.loads(pins.read_text())
    assert found[name_of(PAUSE)] == registry.publish(name_of(PAUSE))
    assert "registry.example/database:17-theirs" in found
    assert list(found) == sorted(found)


@pytest.mark.parametrize("processor", ["amd64", "arm64"])
def test_the_copy_is_a_bundle_that_every_machine_accepts(
    tmp_path: Path, pins: Path, signing_key: Path, signers: Path, processor: str
) -> None:
    folder = copy(WANTED, {}, processor, tmp_path / "bundle", QUIET, pins=pins)
    bundle.sign(folder, signing_key)
    images = verify.verify(folder, signers, processor)
    assert {image.name for image in images} == {name_of(image) for image in WANTED}
    assert {image.name: image.version for image in images}[name_of(DATABASE)] == "17-theirs"


def test_images_are_copied_by_digest_and_for_one_processor(
    tmp_path: Path, pins: Path, registry: Registry
) -> None:
    copy(WANTED, {}, OTHER, tmp_path / "bundle", QUIET, pins=pins)
    digests = json.loads(pins.read_text())
    copies = [call for call in registry.calls if " copy " in f" {call} "]
    assert len(copies) == len(WANTED)
    for image in WANTED:
        wanted = f"docker://{image.repository}@{digests[name_of(image)]} dir:"
        (call,) = [call for call in copies if wanted in call]
        assert call.startswith(f"--override-os linux --override-arch {OTHER} copy ")


def test_what_upstream_signed_is_what_the_hospital_signs(
    tmp_path: Path, pins: Path, registry: Registry
) -> None:
    folder = copy([PAUSE], {}, OTHER, tmp_path / "bundle", QUIET, pins=pins)
    (signed,) = json.loads((folder / LIST).read_text())["images"]
    index = json.loads((registry.home / json.loads(pins.read_text())[name_of(PAUSE)]).read_text())
    assert signed["digest"] in {entry["digest"] for entry in index["manifests"]}
    held: rewriting.Files = {}
    rewriting.rewrite(folder, held.update)
    (entry,) = rewriting.index(held)["manifests"]
    assert entry["mediaType"] == KIND


def test_a_tag_that_was_moved_changes_nothing(tmp_path: Path, pins: Path, registry: Registry) -> None:
    before = copy([PAUSE], {}, OTHER, tmp_path / "first", QUIET, pins=pins)
    rows = json.loads((registry.home / "images.json").read_text())
    for row in rows:
        if row["name"] == name_of(PAUSE):
            row["name"] = "registry.example/pause:moved-away"
    (registry.home / "images.json").write_text(json.dumps(rows))
    after = copy([PAUSE], {}, OTHER, tmp_path / "second", QUIET, pins=pins)
    assert (before / LIST).read_bytes() == (after / LIST).read_bytes()


def test_an_image_without_a_digest_is_refused_before_anything_is_copied(
    tmp_path: Path, pins: Path, registry: Registry
) -> None:
    asked = len(registry.calls)
    stranger = Image("registry.example/new", "1", "1", Settings())
    with pytest.raises(LabError, match=r"upstream\.json has no digest for registry\.example/new:1: `make"):
        copy([*WANTED, stranger], {}, OTHER, tmp_path / "bundle", QUIET, pins=pins)
    assert len(registry.calls) == asked


def test_a_pin_that_is_no_digest_is_refused(tmp_path: Path, pins: Path) -> None:
    pins.write_text(json.dumps({name_of(PAUSE): "latest"}))
    with pytest.raises(LabError, match="'latest' is not a digest"):
        copy([PAUSE], {}, OTHER, tmp_path / "bundle", QUIET, pins=pins)


def test_an_image_that_upstream_no_longer_has_is_named(
    tmp_path: Path, pins: Path, registry: Registry
) -> None:
    (registry.home / "images.json").write_text("[]")
    with pytest.raises(LabError, match=r"skopeo .*registry\.example/pause@sha256:.*manifest unknown"):
        copy([PAUSE], {}, OTHER, tmp_path / "bundle", QUIET, pins=pins)


def test_content_that_arrives_altered_is_refused(tmp_path: Path, pins: Path, registry: Registry) -> None:
    registry.behaves("altered")
    with pytest.raises(LabError, match=r"registry\.example/pause:1\.0: sha256:.* arrived altered"):
        copy([PAUSE], {}, OTHER, tmp_path / "bundle", QUIET, pins=pins)


def test_an_image_for_another_processor_is_refused(tmp_path: Path, pins: Path, registry: Registry) -> None:
    registry.behaves("stubborn")
    with pytest.raises(LabError, match="upstream answered with amd64, wanted was arm64"):
        copy([PAUSE], {}, "arm64", tmp_path / "bundle", QUIET, pins=pins)


def test_the_machines_own_programs_are_built_here_or_nowhere(
    tmp_path: Path, pins: Path, programs: dict[str, Path], signing_key: Path, signers: Path
) -> None:
    with pytest.raises(LabError, match=f"make this bundle on a computer with {OTHER}"):
        copy([PAUSE, NODE], {}, OTHER, tmp_path / "bundle", QUIET, pins=pins)
    built = dict.fromkeys(NODE.programs.values(), programs["etcd"])
    here = bundle.architecture()
    folder = copy([PAUSE, NODE], built, here, tmp_path / "bundle", QUIET, pins=pins)
    bundle.sign(folder, signing_key)
    assert name_of(NODE) in {image.name for image in verify.verify(folder, signers, here)}


def test_a_failed_copy_leaves_no_signature_beside_other_images(
    tmp_path: Path, pins: Path, registry: Registry, signing_key: Path
) -> None:
    folder = copy([PAUSE], {}, OTHER, tmp_path / "bundle", QUIET, pins=pins)
    bundle.sign(folder, signing_key)
    registry.behaves("altered")
    with pytest.raises(LabError):
        copy([PAUSE, ETCD], {}, OTHER, folder, QUIET, pins=pins)
    assert not (folder / SIGNATURE).exists()
    assert sorted(path.name for path in folder.iterdir()) == [ARCHIVE]


def test_without_skopeo_the_line_says_what_to_do(
    tmp_path: Path, pins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match="skopeo is not installed"):
        copy([PAUSE], {}, OTHER, tmp_path / "bundle", QUIET, pins=pins)


def test_every_image_has_a_name_that_a_registry_could_know() -> None:
    for image in IMAGES:
        assert "{" not in name_of(image), "say which tag upstream has: upstream_tag"
    assert upstream.PINS.parent == Path(upstream.__file__).parent
