"""What a machine is asked to do before it can run containers, and what is refused before it is asked."""

import base64
import json
import subprocess
import tomllib
import zlib
from pathlib import Path

import pulumi
import pytest

from components.container_runtime import (
    PAUSE,
    ContainerRuntime,
    ContainerRuntimeArgs,
    bundle_for,
    pack,
    render_containerd,
)
from components.machine import MachineArgs, MacStudio
from infra.config.model import Hospital
from lab.host import LabError, Progress
from lab.images import artefact, bundle
from lab.images.artefact import ImageBundle, find_bundle, plan_bundle
from lab.images.catalogue import IMAGES, Image
from lab.images.oci import Settings
from lab.images.verify import ARCHIVE, LIST, SIGNATURE
from tests.components.conftest import PRIVATE_KEY, Engine

HERE = next(name for name, short in bundle.ARCHITECTURES.items() if short == bundle.architecture())


def key(path: Path) -> Path:
    """A new private key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path


def public(private: Path) -> str:
    """Its public half."""
    return private.with_suffix(".pub").read_text().strip()


@pytest.fixture
def signing_key(tmp_path: Path) -> Path:
    return key(tmp_path / "hospital")


@pytest.fixture
def folder(tmp_path: Path, signing_key: Path) -> Path:
    """A bundle of one image, signed by the hospital."""
    program = tmp_path / "pause"
    program.write_text("pause")
    image = Image(PAUSE, "3", "3", Settings(entrypoint=("/pause",)), programs={"/pause": "pause"})
    made = bundle.build([image], {"pause": program}, tmp_path / "bundle", Progress(quiet=True))
    bundle.sign(made, signing_key)
    return made


@pytest.fixture
def ready(folder: Path) -> ImageBundle:
    return find_bundle(HERE, folder)


def build(hospital: Hospital, carried: ImageBundle, *signers: str) -> ContainerRuntime:
    """The runtime of one Mac."""
    machine = MacStudio("mac-a", MachineArgs.of(hospital, "mac-a", PRIVATE_KEY))
    return ContainerRuntime("mac-a-runtime", ContainerRuntimeArgs(machine, carried, signers))


@pulumi.runtime.test
async def test_the_machine_looks_then_receives_then_takes_then_serves(
    engine: Engine, hospital: Hospital, ready: ImageBundle, signing_key: Path
) -> None:
    runtime = build(hospital, ready, public(signing_key))
    await engine.settled()
    assert "mac-a-firewall" in engine.named("mac-a-images-room").depends_on
    assert "mac-a-images-room" in engine.named("mac-a-images-copy").depends_on
    assert "mac-a-images-copy" in engine.named("mac-a-images").depends_on
    assert "mac-a-images" in engine.named("mac-a-containerd").depends_on
    assert [one.pulumi_resource_name for one in runtime.ready] == ["mac-a-containerd"]
    steps = {name for name, one in engine.resources.items() if one.parent == "mac-a-runtime"}
    assert steps == {"mac-a-images-room", "mac-a-images-copy", "mac-a-images", "mac-a-containerd"}


@pulumi.runtime.test
async def test_the_bundle_names_itself_so_that_nothing_is_sent_twice(
    engine: Engine, hospital: Hospital, ready: ImageBundle, signing_key: Path
) -> None:
    build(hospital, ready, public(signing_key))
    await engine.settled()
    for step in ("mac-a-images-room", "mac-a-images"):
        assert ready.digest in engine.named(step).inputs["stdin"]
    assert engine.named("mac-a-images-copy").inputs["triggers"][0] == ready.archive_digest


@pulumi.runtime.test
async def test_the_archive_travels_as_a_file_and_not_in_a_step(
    engine: Engine, hospital: Hospital, ready: ImageBundle, signing_key: Path
) -> None:
    build(hospital, ready, public(signing_key))
    await engine.settled()
    source = engine.named("mac-a-images-copy").inputs["source"]
    assert isinstance(source, pulumi.FileAsset)
    assert source.path == str(ready.archive)


@pulumi.runtime.test
async def test_papers_are_small_and_complete(
    engine: Engine, hospital: Hospital, ready: ImageBundle, signing_key: Path
) -> None:
    build(hospital, ready, public(signing_key))
    await engine.settled()
    payload = engine.named("mac-a-images").inputs["stdin"].partition("#--payload--\n")[2]
    papers = json.loads(zlib.decompress(base64.b64decode(payload)))
    assert set(papers) == {"verify.py", LIST, SIGNATURE, "signers"}
    assert public(signing_key).split()[1] in papers["signers"]
    assert papers[LIST] == (ready.folder / LIST).read_text()


@pulumi.runtime.test
def test_a_bundle_without_signature_is_refused_before_any_machine(
    engine: Engine, hospital: Hospital, folder: Path, signing_key: Path
) -> None:
    carried = find_bundle(HERE, folder)
    (folder / SIGNATURE).unlink()
    with pytest.raises(pulumi.RunError, match="is not signed"):
        build(hospital, carried, public(signing_key))


@pulumi.runtime.test
def test_a_strangers_bundle_is_refused_before_any_machine(
    engine: Engine, hospital: Hospital, ready: ImageBundle, tmp_path: Path
) -> None:
    stranger = public(key(tmp_path / "stranger"))
    with pytest.raises(pulumi.RunError, match=r"no trusted signature .* bundle\.signers of the stack file"):
        build(hospital, ready, stranger)


@pulumi.runtime.test
def test_an_update_without_signers_says_what_to_write(
    engine: Engine, hospital: Hospital, ready: ImageBundle
) -> None:
    with pytest.raises(pulumi.RunError, match=r"bundle\.signers is missing"):
        build(hospital, ready)


@pulumi.runtime.test
async def test_a_preview_needs_neither_bundle_nor_signers(
    preview: Engine, hospital: Hospital, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    carried = bundle_for(HERE)
    build(hospital, carried)
    await preview.settled()
    assert "mac-a-images" in preview.resources
    assert any("the image bundle for" in one and "preview works without" in one for one in preview.messages)
    assert carried.image(PAUSE) == f"{PAUSE}:unbuilt"


@pulumi.runtime.test
def test_an_update_refuses_a_bundle_that_is_not_there(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(pulumi.RunError, match="the image bundle for aarch64 is missing"):
        bundle_for("aarch64")


def test_a_bundle_for_another_processor_is_refused(folder: Path) -> None:
    other = next(name for name, short in bundle.ARCHITECTURES.items() if short != bundle.architecture())
    with pytest.raises(LabError, match=f"the image bundle for {other}: .* is for {bundle.architecture()}"):
        find_bundle(other, folder)


def test_an_archive_of_another_size_is_noticed_at_once(folder: Path) -> None:
    with (folder / ARCHIVE).open("ab") as archive:
        archive.write(b"\0" * 512)
    with pytest.raises(LabError, match="is not the archive that was signed"):
        find_bundle(HERE, folder)


def test_a_pod_asks_for_an_image_by_the_bundles_own_name(ready: ImageBundle) -> None:
    assert ready.image(PAUSE) == f"{PAUSE}:3"
    with pytest.raises(LabError, match=r"no image registry\.example/other"):
        ready.image("registry.example/other")


def test_every_bundle_has_the_image_that_containerd_is_told_of() -> None:
    assert PAUSE in {image.repository for image in IMAGES}


def test_containerd_reads_its_settings_as_they_are_meant() -> None:
    text = render_containerd(f"{PAUSE}:3").replace("@systemd_cgroup@", "true")
    settings = tomllib.loads(text)["plugins"]["io.containerd.grpc.v1.cri"]
    assert settings["sandbox_image"] == f"{PAUSE}:3"
    assert settings["restrict_oom_score_adj"] is True
    assert settings["enable_unprivileged_ports"] is True
    assert settings["cni"]["bin_dir"] == "/usr/lib/cni"
    assert settings["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"] is True


def test_packing_is_the_same_for_the_same_papers() -> None:
    assert pack({"a": "1", "b": "2"}) == pack({"b": "2", "a": "1"})


def test_a_planned_bundle_stands_where_the_built_one_will() -> None:
    assert plan_bundle(HERE).folder == artefact.folder_for(HERE)
