"""Programs from crates.io, without a compiler: what is built, from what, and what is refused."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from toolchain import cargo, engine, store
from toolchain.build import build
from toolchain.cargo import Crate
from toolchain.catalogue import Cost
from toolchain.errors import ToolchainError
from toolchain.storage import STORAGE

CONTENT = b"the crate"
CRATE = Crate(
    name="garage",
    package="",
    version="2.5.0",
    binary="garage",
    module="storage",
    target="garage",
    version_variable="",
    cost=Cost(cpu_seconds=1, download_mb=1, disk_mb=1, binary_mb=1),
    sources=(),
    checksum=hashlib.sha256(CONTENT).hexdigest(),
    features=("lmdb",),
)
CARGO = """\
#!/bin/sh
here={folder}
echo "$@" >> "$here/calls"
. "$here/behaviour"
case "$1" in
  info) mkdir -p "$CARGO_HOME/registry/cache/index" && cp "$here/crate" "$CARGO_HOME/registry/cache/index/garage-2.5.0.crate" ;;
  install) while [ $# -gt 0 ]; do if [ "$1" = --root ]; then mkdir -p "$2/bin"; echo built > "$2/bin/garage"; fi; shift; done ;;
esac
"""  # noqa: E501


class FakeCargo:
    """Stands on PATH instead of the real one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        self._program("cargo", CARGO.format(folder=folder))
        self._program("rustc", "#!/bin/sh\necho 'rustc 1.95.0 (59807616e 2026-04-14)'\n")
        self.behaves("true")
        self.serves(CONTENT)

    def _program(self, name: str, text: str) -> None:
        program = self.folder / "bin" / name
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def behaves(self, shell: str) -> None:
        """Shell text run by every call."""
        (self.folder / "behaviour").write_text(shell + "\n")

    def serves(self, content: bytes) -> None:
        """What the registry has."""
        (self.folder / "crate").write_bytes(content)

    def calls(self) -> list[str]:
        """What was asked for so far."""
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def fake_cargo(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCargo:
    """A cargo that builds at once, and no Go."""
    fake = FakeCargo(tmp_path / "cargo")
    monkeypatch.setenv("PATH", os.pathsep.join([str(fake.folder / "bin"), "/usr/bin", "/bin"]))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo-home"))
    cargo.version.cache_clear()
    return fake


@pytest.fixture(autouse=True)
def afterwards() -> object:
    """The real compiler is asked again by the next test."""
    yield
    cargo.version.cache_clear()


def test_a_crate_is_built_as_its_lock_file_says_and_kept_by_its_compiler(fake_cargo: FakeCargo) -> None:
    build([CRATE])
    found = engine.locate(CRATE)
    assert found is not None
    assert found[1].name.endswith("-rust1.95.0")
    assert (found[1] / "garage").read_text() == "built\n"
    _, install = fake_cargo.calls()
    assert "--locked" in install
    assert "--no-default-features --features=lmdb" in install
    assert install.endswith("garage@2.5.0")


def test_a_second_build_asks_cargo_for_nothing(fake_cargo: FakeCargo) -> None:
    build([CRATE])
    before = fake_cargo.calls()
    build([CRATE])
    assert fake_cargo.calls() == before


def test_another_crate_than_the_pinned_one_is_never_run(fake_cargo: FakeCargo) -> None:
    fake_cargo.serves(b"another crate")
    with pytest.raises(ToolchainError, match="is not the crate that is pinned"):
        build([CRATE])
    assert not any(call.startswith("install") for call in fake_cargo.calls())
    assert engine.locate(CRATE) is None


def test_a_failed_build_is_told_in_a_line_and_publishes_nothing(fake_cargo: FakeCargo) -> None:
    fake_cargo.behaves('if [ "$1" = install ]; then echo "error: linker cc not found"; exit 101; fi')
    with pytest.raises(ToolchainError, match="no C compiler on PATH"):
        build([CRATE])
    assert list((store.root() / "store").glob("garage*")) == []


def test_without_rust_a_person_reads_what_to_install(
    fake_cargo: FakeCargo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(ToolchainError, match="rustup"):
        build([CRATE])


def test_another_feature_or_checksum_is_another_program() -> None:
    keys = {
        store.sources_key(one)
        for one in (
            CRATE,
            Crate(**{**vars(CRATE), "features": ("lmdb", "metrics")}),
            Crate(**{**vars(CRATE), "checksum": "0" * 64}),
        )
    }
    assert len(keys) == 3


def test_every_pinned_crate_has_a_whole_checksum() -> None:
    crates = [one for one in STORAGE if isinstance(one, Crate)]
    assert crates
    assert all(len(one.checksum) == 64 for one in crates)
