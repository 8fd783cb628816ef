"""The same parts give the same bundle, byte for byte."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from lab.host import LabError, Progress
from lab.images import bundle, layers
from lab.images.catalogue import IMAGES
from lab.images.verify import ARCHIVE, LIST
from tests.unit.images.conftest import ETCD, PAUSE
from tests.unit.images.rewriting import Files, blob, contents, parts

QUIET = Progress(quiet=True)


def files(folder: Path) -> Files:
    """What the archive holds."""
    with tarfile.open(folder / ARCHIVE) as tar:
        return contents(tar)


def unpack(layer: bytes) -> bytes:
    """The tar of a layer as it travels."""
    return subprocess.run(["zstd", "-d", "-c"], input=layer, capture_output=True, check=True).stdout


def test_two_builds_of_the_same_parts_are_the_same_bytes(tmp_path: Path, programs: dict[str, Path]) -> None:
    first = bundle.build((PAUSE, ETCD), programs, tmp_path / "first", QUIET)
    for program in programs.values():
        os.utime(program, (1, 1))
        program.chmod(0o700)
    second = bundle.build((ETCD, PAUSE), programs, tmp_path / "second", QUIET)
    for name in (ARCHIVE, LIST):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_a_changed_program_changes_only_its_own_image(tmp_path: Path, programs: dict[str, Path]) -> None:
    def digests(folder: Path) -> dict[str, str]:
        listing = json.loads((folder / LIST).read_text())
        return {image["name"]: image["digest"] for image in listing["images"]}

    before = digests(bundle.build((PAUSE, ETCD), programs, tmp_path / "bundle", QUIET))
    programs["etcd"].write_bytes(b"another etcd")
    after = digests(bundle.build((PAUSE, ETCD), programs, tmp_path / "bundle", QUIET))
    assert before["registry.example/pause:1.0"] == after["registry.example/pause:1.0"]
    assert before["registry.example/etcd:3.6-0"] != after["registry.example/etcd:3.6-0"]


def test_a_failed_build_leaves_the_bundle_that_was_there(tmp_path: Path, programs: dict[str, Path]) -> None:
    folder = bundle.build((PAUSE,), programs, tmp_path / "bundle", QUIET)
    before = (folder / ARCHIVE).read_bytes()
    del programs["etcd"]
    with pytest.raises(LabError, match=r"image registry\.example/etcd: no etcd: `python -m toolchain build"):
        bundle.build((PAUSE, ETCD), programs, folder, QUIET)
    assert (folder / ARCHIVE).read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == [LIST, ARCHIVE]


def test_an_image_holds_its_programs_and_how_they_start(signed: Path) -> None:
    held = files(signed)
    _, manifest = parts(held, "registry.example/etcd:3.6-0")
    config = json.loads(held[blob(manifest["config"]["digest"])])
    assert config["config"]["Env"] == ["PATH=/usr/local/bin"]
    unpacked = [unpack(held[blob(layer["digest"])]) for layer in manifest["layers"]]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in unpacked]
    with tarfile.open(fileobj=io.BytesIO(unpacked[-1])) as layer:
        assert {entry.name: entry.mode for entry in layer} == {
            "usr/local/bin/etcd": 0o755,
            "usr/local/bin/etcdctl": 0o755,
        }


def test_every_image_of_the_catalogue_has_its_own_name() -> None:
    names = [image.repository for image in IMAGES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("debian", "upstream"),
    [("17.6-0+deb13u1", "17.6"), ("1:1.4.7-1+b2", "1.4.7"), ("8.1.1+dfsg1-3", "8.1.1")],
)
def test_a_debian_version_is_called_what_upstream_calls_it(debian: str, upstream: str) -> None:
    assert bundle.upstream(debian) == upstream


def _unpacked(path: Path, *, time: int, order: int) -> Path:
    entries: list[tuple[str, bytes | None, bytes, str]] = [
        ("./", tarfile.DIRTYPE, b"", ""),
        ("./dev/null", tarfile.CHRTYPE, b"", ""),
        ("./usr/bin/perl", tarfile.REGTYPE, b"perl", ""),
        ("./usr/bin/a-link", tarfile.LNKTYPE, b"", "./usr/bin/perl"),
        ("./bin", tarfile.SYMTYPE, b"", "usr/bin"),
        ("./var/log/dpkg.log", tarfile.REGTYPE, b"today", ""),
        ("./var/log/", tarfile.DIRTYPE, b"", ""),
        ("./usr/lib/llvm/x", tarfile.REGTYPE, b"big", ""),
    ]
    with tarfile.open(path, "w") as tar:
        for name, kind, content, target in entries[::order]:
            entry = tarfile.TarInfo(name)
            entry.type, entry.size, entry.linkname, entry.mtime = kind or b"", len(content), target, time
            entry.uname = f"user{time}"
            tar.addfile(entry, io.BytesIO(content))
    return path


def test_a_layer_of_packages_depends_on_content_alone(tmp_path: Path) -> None:
    first = layers.tidy(
        _unpacked(tmp_path / "a.tar", time=1, order=1), ("usr/lib/llvm/",), tmp_path / "a.layer"
    )
    second = layers.tidy(
        _unpacked(tmp_path / "b.tar", time=99, order=-1), ("usr/lib/llvm/",), tmp_path / "b.layer"
    )
    assert first.digest == second.digest
    with tarfile.open(first.path) as layer:
        names = layer.getnames()
        assert layer.getmember("usr/bin/a-link").linkname == "usr/bin/perl"
    assert names == ["bin", "usr/bin/perl", "var/log", "usr/bin/a-link"]
