"""What every machine boots from, and the programs of the machines as readers of rendered files."""

import time
from pathlib import Path

import pytest

from infra.versions import MACHINE_PACKAGES
from lab import image
from lab.host import LabError
from tests.lab.little_lab import booted, refusal

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
HAPROXY = """\
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend web
    bind :80
"""


@pytest.fixture(scope="module")
def root() -> Path:
    return image.root()


def test_the_image_holds_every_package_once_listed(root: Path) -> None:
    installed = {
        row.split("\t")[0].split(":")[0] for row in (root.parent / "packages.txt").read_text().splitlines()
    }
    assert set(MACHINE_PACKAGES) <= installed
    assert len(set(MACHINE_PACKAGES)) == len(MACHINE_PACKAGES)


def test_the_image_has_no_identity_and_nothing_of_the_computer_that_built_it(root: Path) -> None:
    assert not list((root / "etc/ssh").glob("ssh_host_*"))
    assert (root / "etc/machine-id").read_text() == ""
    assert not (root / "etc/apt/sources.list").exists()
    assert not list((root / "etc/apt/sources.list.d").iterdir())
    assert not list((root / "var/lib/apt/lists").glob("*Packages*"))
    assert not (root / "etc/apt/apt.conf.d/99mmdebstrap").exists()


def test_the_image_stays_small() -> None:
    listing = image.consumer(["du", "-sxm", "/usr", "/var", "/etc", "/home"], {}).stdout
    assert sum(int(row.split()[0]) for row in listing.splitlines()) < 400


@pytest.mark.parametrize(
    ("argv", "name", "good", "bad"),
    [
        (["haproxy", "-c", "-f", "haproxy.cfg"], "haproxy.cfg", HAPROXY, HAPROXY + "    bnid :81\n"),
        (
            ["keepalived", "-t", "-f", "/etc/keepalived/keepalived.conf"],
            "/etc/keepalived/keepalived.conf",
            "global_defs {\n    router_id mac-a\n}\n",
            "vrrp_instance edge {\n    virtual_router_id 999\n}\n",
        ),
        (["nft", "-c", "-f", "rules"], "rules", "table inet filter {\n}\n", "table inet filter {\n"),
    ],
    ids=["haproxy", "keepalived", "nft"],
)
def test_the_real_reader_tells_good_from_bad(argv: list[str], name: str, good: str, bad: str) -> None:
    assert image.consumer(argv, {name: good}).returncode == 0
    refused = image.consumer(argv, {name: bad})
    assert refused.returncode != 0
    assert refused.stdout + refused.stderr


def test_a_reader_has_no_network_and_leaves_no_trace(root: Path) -> None:
    before = sorted((root / "etc").iterdir())
    links = image.consumer(["sh", "-c", "ip -br link; touch /etc/trace; cat file"], {"file": b"\x00raw"})
    assert links.stdout.splitlines()[0].split()[0] == "lo"
    assert links.stdout.endswith("\x00raw")
    assert len(links.stdout.splitlines()) == 2
    assert sorted((root / "etc").iterdir()) == before
    assert not [line for line in Path("/proc/self/mounts").read_text().splitlines() if "consumer-" in line]


def test_a_file_outside_of_the_image_is_refused() -> None:
    with pytest.raises(LabError, match="must stay inside the image"):
        image.consumer(["true"], {"../../elsewhere": ""})


def test_a_reader_starts_at_once() -> None:
    image.consumer(["true"], {})
    began = time.monotonic()
    for _ in range(10):
        assert image.consumer(["true"], {}).returncode == 0
    assert (time.monotonic() - began) / 10 < 0.5  # 0.02 s on a computer with nothing else to do


def test_an_image_in_use_is_not_removed(root: Path) -> None:
    with booted("test-image", stack="lab-mvp"):
        assert "is in use by lab " in refusal("test-image", "image", "--remove")
    assert root.is_dir()
