"""A machine takes a bundle that the hospital signed, once, and refuses any other before it changes."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from components.container_runtime import render_containerd
from lab.host import Progress
from lab.images import bundle
from lab.images.catalogue import Image
from lab.images.oci import Settings
from lab.images.verify import ARCHIVE, LIST, SIGNATURE
from tests.unit.images import rewriting
from tests.unit.images.conftest import PAUSE, key
from tests.unit.images.containerd import ContainerMachine, Delivery
from tests.unit.remote_machine import last_line

NODE = Image(
    repository="prontuario.internal/node",
    version="1.0",
    tag="v1.0",
    settings=Settings(),
    programs={"/usr/local/bin/kubelet": "etcd"},
)
PAUSE_NAME = "registry.example/pause:1.0"


@pytest.fixture
def machine(tmp_path: Path) -> ContainerMachine:
    root = tmp_path / "machines" / "mac-a"
    root.mkdir(parents=True)
    made = ContainerMachine(root)
    made.install()
    return made


@pytest.fixture
def delivery(tmp_path: Path, programs: dict[str, Path], signing_key: Path, signers: Path) -> Delivery:
    """A good bundle: an image, and the machine's own programs."""
    folder = bundle.build((PAUSE, NODE), programs, tmp_path / "bundle", Progress(quiet=True))
    bundle.sign(folder, signing_key)
    return Delivery(folder, signers)


def deliver(delivery: Delivery, machine: ContainerMachine) -> None:
    """All three steps, which have to work."""
    looked = delivery.looked(machine)
    assert (looked.returncode, looked.stdout) == (0, "wanted\n"), looked.stderr
    delivery.sent(machine)
    taken = delivery.taken(machine)
    assert taken.returncode == 0, taken.stderr


def test_a_good_bundle_is_imported_and_its_programs_are_installed(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    deliver(delivery, machine)
    assert set(machine.images) == {PAUSE_NAME, f"sha256:config-of-{PAUSE_NAME}"}
    assert machine.programs == ["kubectl", "kubelet"]
    assert (machine.root / "bin" / "kubelet").stat().st_mode & 0o777 == 0o755


def test_nothing_of_the_delivery_stays_on_the_machine(machine: ContainerMachine, delivery: Delivery) -> None:
    deliver(delivery, machine)
    assert not machine.incoming.exists()
    assert not (machine.root / "waiting").exists()
    assert not (machine.root / "node").exists()


def test_the_archive_is_roots_alone_while_it_waits(machine: ContainerMachine, delivery: Delivery) -> None:
    delivery.looked(machine)
    delivery.sent(machine)
    machine.incoming.chmod(0o666)
    (machine.root / "containerd" / "broken").touch()
    assert "containerd did not take the images" in last_line(delivery.taken(machine))
    assert (machine.root / "waiting").stat().st_mode & 0o777 == 0o700
    assert (machine.root / "waiting" / ARCHIVE).stat().st_mode & 0o777 == 0o600


def test_an_import_that_failed_goes_on_without_another_copy(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    delivery.looked(machine)
    delivery.sent(machine)
    (machine.root / "containerd" / "broken").touch()
    assert delivery.taken(machine).returncode != 0
    assert machine.programs == []
    (machine.root / "containerd" / "broken").unlink()
    assert delivery.taken(machine).returncode == 0
    assert machine.programs == ["kubectl", "kubelet"]


def test_a_machine_that_holds_the_bundle_is_not_sent_it_again(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    deliver(delivery, machine)
    before = machine.changes
    assert delivery.looked(machine).stdout == "held\n"
    assert delivery.taken(machine).returncode == 0
    assert machine.changes == before


def test_a_machine_that_lost_a_program_is_sent_the_bundle_again(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    deliver(delivery, machine)
    (machine.root / "bin" / "kubelet").unlink()
    deliver(delivery, machine)
    assert machine.programs == ["kubectl", "kubelet"]


def test_another_bundle_is_another_delivery(
    machine: ContainerMachine, delivery: Delivery, programs: dict[str, Path], signing_key: Path
) -> None:
    deliver(delivery, machine)
    before = (machine.root / "bin" / "kubelet").read_text()
    programs["etcd"].write_bytes(b"a newer kubelet")
    bundle.build((PAUSE, NODE), programs, delivery.folder, Progress(quiet=True))
    bundle.sign(delivery.folder, signing_key)
    deliver(delivery, machine)
    assert (machine.root / "bin" / "kubelet").read_text() != before


def refused(delivery: Delivery, machine: ContainerMachine, *, before_the_copy: bool, because: str) -> None:
    """The delivery ends at this step, in one line, and the machine is as it was."""
    before = machine.changes
    step = delivery.looked(machine)
    if not before_the_copy:
        assert step.returncode == 0, step.stderr
        delivery.sent(machine)
        step = delivery.taken(machine)
    assert step.returncode != 0
    assert "this bundle is refused and nothing was changed: " in last_line(step)
    assert because in last_line(step)
    assert machine.changes == before


def test_an_unsigned_bundle_is_refused_before_it_is_sent(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    (delivery.folder / SIGNATURE).unlink()
    refused(delivery, machine, before_the_copy=True, because="is not signed")


def test_a_strangers_bundle_is_refused_before_it_is_sent(
    machine: ContainerMachine, delivery: Delivery, tmp_path: Path
) -> None:
    bundle.sign(delivery.folder, key(tmp_path / "stranger"))
    refused(delivery, machine, before_the_copy=True, because="bundle.signers of the stack file")


def test_an_edited_list_is_refused_before_it_is_sent(machine: ContainerMachine, delivery: Delivery) -> None:
    listing = json.loads((delivery.folder / LIST).read_text())
    listing["images"][0]["version"] = "6.6.6"
    (delivery.folder / LIST).write_text(json.dumps(listing))
    refused(delivery, machine, before_the_copy=True, because="no trusted signature")


def test_images_for_another_processor_are_refused_before_they_are_sent(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    machine.is_of("riscv64")
    refused(delivery, machine, before_the_copy=True, because="this machine is riscv64")


def test_a_bundle_too_big_for_the_machine_is_refused_before_it_is_sent(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    before = machine.changes
    said = last_line(delivery.looked(machine, size=shutil.disk_usage(machine.root).total))
    assert "free some space and run again" in said
    assert {name for name in machine.changes if not name.startswith("waiting/")} == set(before)


def test_an_altered_archive_is_refused_and_nothing_is_imported(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    def alter(files: rewriting.Files) -> None:
        layer = rewriting.parts(files, PAUSE_NAME)[1]["layers"][-1]["digest"]
        files[rewriting.blob(layer)] = files[rewriting.blob(layer)][:-1] + b"!"

    rewriting.rewrite(delivery.folder, alter)
    refused(delivery, machine, before_the_copy=False, because=f"image {PAUSE_NAME}: layer sha256:")


def test_a_copy_cut_short_says_how_to_send_it_again(machine: ContainerMachine, delivery: Delivery) -> None:
    delivery.looked(machine)
    delivery.sent(machine)
    machine.incoming.write_bytes(machine.incoming.read_bytes()[:-4000])
    assert last_line(delivery.taken(machine)).endswith("pulumi up --replace '**::mac-a-images-copy'")
    assert machine.images == {}


def test_an_archive_that_vanished_says_how_to_send_it_again(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    delivery.looked(machine)
    said = last_line(delivery.taken(machine))
    assert said.endswith("no longer there: pulumi up --replace '**::mac-a-images-copy'")


def test_what_containerd_holds_is_compared_with_what_was_signed(
    machine: ContainerMachine, delivery: Delivery
) -> None:
    (machine.root / "containerd" / "lies").write_text("sha256:other")
    delivery.looked(machine)
    delivery.sent(machine)
    assert "does not hold" in last_line(delivery.taken(machine))
    assert machine.programs == []


def test_removing_twice_leaves_nothing_and_succeeds(machine: ContainerMachine, delivery: Delivery) -> None:
    deliver(delivery, machine)
    (machine.root / "bin" / "somebody-elses").touch()
    for _ in range(2):
        done = machine.step("drop_bundle", "incoming/it", papers={}, verb="remove")
        assert done.returncode == 0, done.stderr
        assert machine.images == {}
        assert machine.programs == ["somebody-elses"]
        assert not (machine.root / "containerd" / "mark").exists()
    assert "disable --quiet --now containerd" in (machine.root / "services").read_text()


def test_another_archive_comes_and_goes_and_the_machines_own_stays(
    machine: ContainerMachine,
    delivery: Delivery,
    tmp_path: Path,
    programs: dict[str, Path],
    signing_key: Path,
) -> None:
    deliver(delivery, machine)
    image = Image("prontuario.internal/services", "1", "1.0-x86_64", Settings(), programs={"/code": "pause"})
    folder = bundle.build((image,), programs, tmp_path / "services", Progress(quiet=True))
    bundle.sign(folder, signing_key)
    apart = ContainerMachine(machine.root, environment=machine.environment, mark="services-mark")
    deliver(Delivery(folder, delivery.signers), apart)
    assert {PAUSE_NAME, "prontuario.internal/services:1.0-x86_64"} <= set(machine.images)
    assert delivery.looked(machine).stdout == "held\n"
    for _ in range(2):
        done = apart.step(
            "drop_images", "incoming/it", "prontuario.internal/services", papers={}, verb="remove"
        )
        assert done.returncode == 0, done.stderr
    assert PAUSE_NAME in machine.images
    assert "prontuario.internal/services:1.0-x86_64" not in machine.images
    assert machine.programs == ["kubectl", "kubelet"]


def test_every_archive_waits_and_is_noted_in_a_place_of_its_own() -> None:
    script = Path(bundle.__file__).parents[2] / "components/scripts/container_runtime.sh"
    said = subprocess.run(
        ["sh", "-c", f'. "{script}"; echo $waiting $mark; about services; echo $waiting $mark'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(set(said)) == 4


@pytest.mark.parametrize(("filesystem", "systemd"), [("cgroup2fs", "true"), ("tmpfs", "false")])
def test_who_manages_control_groups_is_decided_on_the_machine(
    machine: ContainerMachine, filesystem: str, systemd: str
) -> None:
    machine.has_control_groups(filesystem)
    done = machine.run("choose_cgroups", payload=render_containerd("pause:3"), library="container_runtime.sh")
    assert f"SystemdCgroup = {systemd}\n" in done.stdout
    assert "@" not in done.stdout
