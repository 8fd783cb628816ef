"""One machine is given the signed bundle: once, whole, and no other."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.host import Progress
from lab.images import bundle
from lab.images.catalogue import IMAGES, NODE
from lab.images.verify import ARCHIVE, LIST, SIGNATURE
from lab.machine import Machine
from tests.lab.little_lab import booted
from tests.lab.runtime_stack import RuntimeStack
from toolchain import programs

pytestmark = [pytest.mark.lab, pytest.mark.timeout(400)]
NAME = "test-bundle"
STACK = "lab-mvp"
MAC = "mac-a"
PAUSE = next(image for image in IMAGES if image.repository.endswith("/pause"))
TRACES = r"""
find / -xdev -regextype egrep -regex '/(proc|sys|run|tmp|var/log).*' -prune \
    -o -type f -newer /etc/machine-id -print
find /var/lib/containerd -maxdepth 1 -type f
ls -A /usr/local/bin
systemctl is-enabled containerd
systemctl is-active containerd
"""


def new_key(path: Path) -> str:
    """Make a signing key; its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text().strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a builder has: keys, and a bundle of two images signed by the hospital."""
    made = tmp_path_factory.mktemp("builder")
    new_key(made / "hospital")
    wanted = [PAUSE, NODE]
    names = {artefact for image in wanted for artefact in image.programs.values()}
    own = [program for program in programs.CLUSTER if program.name in names]
    bundle.build(wanted, programs.binaries(own), made / "bundle", Progress(quiet=True))
    bundle.sign(made / "bundle", made / "hospital")
    return made


@pytest.fixture(scope="module")
def bare(folder: Path) -> Iterator[RuntimeStack]:
    """A machine that nobody has touched."""
    with booted(NAME, STACK) as lab:
        yield RuntimeStack(lab, STACK, folder / "bundle", [(folder / "hospital.pub").read_text().strip()])


def machine(stack: RuntimeStack) -> Machine:
    return stack.lab.machines[MAC]


def said_by(stack: RuntimeStack, script: str) -> list[str]:
    """Lines that a script prints on the machine."""
    return machine(stack).run(["sh", "-c", script], check=False).stdout.splitlines()


def runtime_traces(stack: RuntimeStack) -> set[str]:
    """What a delivery leaves on the machine, apart from what any step does."""
    words = ("containerd", "kube", "etcd", "prontuario-bundle", "active", "enabled", "disabled")
    return {line for line in said_by(stack, TRACES) if any(word in line for word in words)}


@pytest.fixture(scope="module")
def untouched(bare: RuntimeStack) -> set[str]:
    return runtime_traces(bare)


@pytest.fixture(scope="module")
def refusals(bare: RuntimeStack, untouched: set[str], folder: Path) -> dict[str, str]:
    """What is said of three bundles that must not arrive, tried on the bare machine one after the other."""
    said = {}
    unsigned = shutil.copytree(folder / "bundle", folder / "unsigned")
    (unsigned / SIGNATURE).unlink()
    stranger = new_key(folder / "stranger")
    altered = shutil.copytree(folder / "bundle", folder / "altered")
    with (altered / ARCHIVE).open("r+b") as archive:
        archive.seek(-200_000, 2)
        archive.write(b"altered")
    for name, attempt in {
        "unsigned": RuntimeStack(bare.lab, STACK, unsigned, bare.signers),
        "stranger": RuntimeStack(bare.lab, STACK, bare.bundle, [stranger]),
        "altered": RuntimeStack(bare.lab, STACK, altered, bare.signers),
    }.items():
        said[name] = attempt.refusal()
        assert runtime_traces(bare) == untouched, name
    return said


@pytest.fixture(scope="module")
def delivered(bare: RuntimeStack, refusals: dict[str, str]) -> RuntimeStack:
    """The good bundle, sent as the refusal of the altered one says."""
    assert "pulumi up --replace '**::mac-a-images-copy'" in refusals["altered"]
    bare.up("--replace", "**::mac-a-images-copy")
    return bare


def test_an_unsigned_bundle_is_refused_before_any_machine_is_asked(refusals: dict[str, str]) -> None:
    assert "the image bundle for" in refusals["unsigned"]
    assert f"no {SIGNATURE}" in refusals["unsigned"] or SIGNATURE in refusals["unsigned"]
    assert "command:remote:Command" not in refusals["unsigned"]


def test_a_strangers_bundle_is_refused_before_any_machine_is_asked(refusals: dict[str, str]) -> None:
    assert "no trusted signature" in refusals["stranger"]
    assert "bundle.signers of the stack file" in refusals["stranger"]
    assert "mac-a-images" not in refusals["stranger"]


def test_an_altered_bundle_is_refused_by_the_machine(refusals: dict[str, str]) -> None:
    assert "mac-a: mac-a-images: this bundle is refused and nothing was changed: " in refusals["altered"]
    assert "was altered" in refusals["altered"]


def test_the_machine_holds_the_images_as_they_were_signed(delivered: RuntimeStack) -> None:
    held = said_by(delivered, "ctr -n k8s.io images list | awk '{ print $1, $3 }'")
    listing = json.loads((delivered.bundle / LIST).read_text())
    signed = {image["name"]: image["digest"] for image in listing["images"]}
    carrier = next(name for name in signed if name.startswith(NODE.repository))
    for name, digest in signed.items():
        assert (f"{name} {digest}" in held) == (name != carrier)


def test_the_machines_programs_run(delivered: RuntimeStack) -> None:
    version = f"v{programs.KUBERNETES}"
    assert said_by(delivered, "kubelet --version") == [f"Kubernetes {version}"]
    assert said_by(delivered, "kubeadm version -o short") == [version]
    assert version in said_by(delivered, "kubectl version --client")[0]


def test_containerd_serves_with_our_settings_now_and_after_a_boot(delivered: RuntimeStack) -> None:
    assert said_by(delivered, "systemctl is-active containerd; systemctl is-enabled containerd") == [
        "active",
        "enabled",
    ]
    (pause,) = [line for line in said_by(delivered, "containerd config dump") if "sandbox_image" in line]
    assert f'"{PAUSE.repository}:{PAUSE.tag}"' in pause


def test_nothing_of_the_delivery_stays(delivered: RuntimeStack) -> None:
    assert said_by(delivered, "find / -xdev -name images.tar -o -xdev -path '*/incoming/*'") == []
    assert said_by(delivered, "ls -d /var/cache/prontuario-bundle /run/prontuario-node") == []


def test_the_archive_is_neither_in_the_engines_state_nor_read_by_it(delivered: RuntimeStack) -> None:
    source = delivered.resource("mac-a-images-copy")["inputs"]["source"]
    signed = json.loads((delivered.bundle / LIST).read_text())["archive"]
    assert source["hash"] == signed.removeprefix("sha256:")
    assert source["path"] == str(delivered.bundle / ARCHIVE)
    assert len(json.dumps(delivered.resource("mac-a-images"))) < 60_000


def test_an_unchanged_bundle_is_nothing_to_do(delivered: RuntimeStack) -> None:
    assert "unchanged" in delivered.up("--expect-no-changes")


def test_a_machine_that_holds_the_bundle_is_not_sent_it_again(delivered: RuntimeStack) -> None:
    marked = "stat -c %Y /var/lib/containerd/prontuario-bundle; systemctl show -P MainPID containerd"
    before = said_by(delivered, marked)
    delivered.forget()
    delivered.up()
    assert delivered.resource("mac-a-images-room")["outputs"]["stdout"].strip() == "held"
    assert "path" not in delivered.resource("mac-a-images-copy")["inputs"]["source"]
    assert said_by(delivered, marked) == before


def test_destroy_leaves_nothing_of_it(delivered: RuntimeStack, untouched: set[str]) -> None:
    done = delivered.run("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    # Ours took the place of the package's own settings, and goes without bringing those back.
    assert untouched - runtime_traces(delivered) == {"/etc/containerd/config.toml"}
    assert runtime_traces(delivered) <= untouched
    assert int(said_by(delivered, "du -sm /var/lib/containerd")[0].split()[0]) < 5
