"""A machine imports what the hospital signed, whole, and nothing else."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.images import bundle, verify
from lab.images.verify import ARCHIVE, LIST, NAMESPACE, SIGNATURE, BundleRefused
from tests.unit.images import rewriting
from tests.unit.images.conftest import key
from tests.unit.images.rewriting import Files, blob, index, parts, put

PAUSE = "registry.example/pause:1.0"
ETCD = "registry.example/etcd:3.6-0"


def refusal(folder: Path, signers: Path) -> str:
    """Why this bundle is refused."""
    with pytest.raises(BundleRefused) as refused:
        verify.verify(folder, signers, bundle.architecture())
    assert "\n" not in str(refused.value)
    return str(refused.value)


def sign_list(folder: Path, change: Callable[[dict[str, object]], None], signing_key: Path) -> None:
    """Edit the list and sign it again, as a mistaken builder would."""
    listing = json.loads((folder / LIST).read_text())
    change(listing)
    (folder / LIST).write_text(json.dumps(listing))
    bundle.sign(folder, signing_key)


def test_a_signed_bundle_is_accepted_and_names_its_images(signed: Path, signers: Path) -> None:
    images = verify.verify(signed, signers, bundle.architecture())
    assert [(image.name, image.version) for image in images] == [(ETCD, "3.6"), (PAUSE, "1.0")]


def test_a_machine_can_verify_with_nothing_but_its_python(signed: Path, signers: Path) -> None:
    script = [sys.executable, "-I", verify.__file__, str(signed), str(signers), bundle.architecture()]
    good = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (good.returncode, PAUSE in good.stdout) == (0, True)
    (signed / SIGNATURE).unlink()
    bad = subprocess.run(script, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "is not signed" in bad.stderr


def test_an_unsigned_bundle_is_refused(signed: Path, signers: Path) -> None:
    (signed / SIGNATURE).unlink()
    assert "is not signed" in refusal(signed, signers)


def test_a_strangers_signature_is_refused(signed: Path, signers: Path, tmp_path: Path) -> None:
    bundle.sign(signed, key(tmp_path / "stranger"))
    assert "no trusted signature" in refusal(signed, signers)


def test_a_signature_made_for_something_else_is_refused(
    signed: Path, signers: Path, signing_key: Path
) -> None:
    (signed / SIGNATURE).unlink()
    argv = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(signing_key), "-n", "git", str(signed / LIST)]
    subprocess.run(argv, check=True)
    assert NAMESPACE != "git"
    assert "no trusted signature" in refusal(signed, signers)


def test_an_edited_list_is_refused(signed: Path, signers: Path) -> None:
    text = (signed / LIST).read_text()
    (signed / LIST).write_text(text.replace('"version":"3.6"', '"version":"3.7"'))
    assert "no trusted signature" in refusal(signed, signers)


def test_a_missing_archive_is_refused(signed: Path, signers: Path) -> None:
    (signed / ARCHIVE).unlink()
    assert f"is incomplete: no {ARCHIVE}" in refusal(signed, signers)


def test_images_for_another_processor_are_refused(signed: Path, signers: Path) -> None:
    with pytest.raises(BundleRefused, match="this machine is s390x"):
        verify.verify(signed, signers, "s390x")


def test_a_list_of_another_format_is_refused(signed: Path, signers: Path, signing_key: Path) -> None:
    sign_list(signed, lambda listing: listing.update(format=2), signing_key)
    assert "format 2, this release reads 1" in refusal(signed, signers)


def test_an_altered_layer_is_refused_by_the_image_it_belongs_to(signed: Path, signers: Path) -> None:
    def alter(files: Files) -> None:
        layer = parts(files, ETCD)[1]["layers"][-1]["digest"]
        files[blob(layer)] = files[blob(layer)][:-1] + bytes([files[blob(layer)][-1] ^ 1])

    rewriting.rewrite(signed, alter)
    said = refusal(signed, signers)
    assert said.startswith(f"image {ETCD}: layer sha256:")
    assert "was altered" in said


def test_a_missing_layer_is_refused(signed: Path, signers: Path) -> None:
    def lose(files: Files) -> None:
        del files[blob(parts(files, PAUSE)[1]["layers"][-1]["digest"])]

    rewriting.rewrite(signed, lose)
    said = refusal(signed, signers)
    assert said.startswith(f"image {PAUSE}: layer sha256:")
    assert said.endswith("is missing")


def test_a_good_image_under_another_images_name_is_refused(signed: Path, signers: Path) -> None:
    def swap(files: Files) -> None:
        listing = index(files)
        first, second = listing["manifests"]
        first["digest"], second["digest"] = second["digest"], first["digest"]
        files["index.json"] = json.dumps(listing).encode()

    rewriting.rewrite(signed, swap)
    assert "signed was sha256:" in refusal(signed, signers)


def test_an_image_that_nobody_signed_is_refused(signed: Path, signers: Path) -> None:
    def add(files: Files) -> None:
        listing = index(files)
        extra = json.loads(json.dumps(listing["manifests"][0]))
        extra["annotations"]["io.containerd.image.name"] = "registry.example/guest:1"
        listing["manifests"].append(extra)
        files["index.json"] = json.dumps(listing).encode()

    rewriting.rewrite(signed, add)
    assert refusal(signed, signers) == "image registry.example/guest:1: in images.tar, but nobody signed it"


def test_a_signed_image_that_is_not_there_is_refused(signed: Path, signers: Path) -> None:
    def drop(files: Files) -> None:
        listing = index(files)
        listing["manifests"] = [
            entry for entry in listing["manifests"] if PAUSE not in entry["annotations"].values()
        ]
        files["index.json"] = json.dumps(listing).encode()

    rewriting.rewrite(signed, drop)
    assert refusal(signed, signers) == f"image {PAUSE}: signed, but not in images.tar"


def test_a_blob_of_no_image_is_refused(signed: Path, signers: Path) -> None:
    def hide(files: Files) -> None:
        put(files, b"stowaway")

    rewriting.rewrite(signed, hide)
    assert "belongs to no signed image" in refusal(signed, signers)


@pytest.mark.parametrize("name", ["manifest.json", "../etc/passwd", "blobs/sha256/short"])
def test_a_file_with_no_place_in_a_bundle_is_refused(signed: Path, signers: Path, name: str) -> None:
    rewriting.rewrite(signed, lambda files: files.update({name: b"[]"}))
    assert f"{name} has no place in a bundle" in refusal(signed, signers)


def test_a_copy_cut_short_is_refused(signed: Path, signers: Path) -> None:
    archive = signed / ARCHIVE
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    assert refusal(signed, signers)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_single_flipped_bit_goes_unnoticed(signed: Path, signers: Path, where: float, bit: int) -> None:
    archive = signed / ARCHIVE
    content = archive.read_bytes()
    flipped = bytearray(content)
    flipped[int(where * len(content))] ^= 1 << bit
    archive.write_bytes(flipped)
    try:
        refusal(signed, signers)
    finally:
        archive.write_bytes(content)
