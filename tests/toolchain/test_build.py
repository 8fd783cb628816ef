"""Building, without a compiler: what is published, when, and what people are told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.toolchain.fake_go import FakeGo
from toolchain import catalogue, engine, go, progress, store
from toolchain.__main__ import main
from toolchain.build import build
from toolchain.catalogue import COMMAND, ENGINE, RANDOM
from toolchain.errors import ToolchainError

ROOT = Path(__file__).resolve().parents[2]


def _published() -> list[str]:
    return sorted(folder.name.split("-")[0] for folder in (store.root() / "store").glob("*"))


def test_build_makes_what_requirements_need(fake_go: FakeGo) -> None:
    assert main(["build"]) == 0
    assert _published() == sorted(a.name.split("-")[0] for a in catalogue.required())
    variables = engine.environment()
    home = Path(variables["PULUMI_HOME"])
    assert variables["PATH"].split(os.pathsep)[0] == str(home / "bin")
    assert os.access(home / "bin" / "pulumi", os.X_OK)
    assert os.access(home / "bin" / "pulumi-language-python-exec", os.X_OK)
    plugin = home / "plugins" / "resource-command-v1.2.1"
    assert plugin.is_dir()
    assert not plugin.is_symlink()


def test_second_build_asks_go_for_nothing(fake_go: FakeGo, capsys: pytest.CaptureFixture[str]) -> None:
    build(catalogue.required())
    before = fake_go.calls()
    assert main(["build"]) == 0
    assert fake_go.calls() == before
    assert "everything is there" in capsys.readouterr().err


def test_only_what_is_named_is_built(fake_go: FakeGo) -> None:
    assert main(["build", "--only", "kubernetes"]) == 0
    assert _published() == ["kubernetes"]


def test_schema_is_generated_before_the_plugin_that_embeds_it(fake_go: FakeGo) -> None:
    build([RANDOM])
    first, second = fake_go.calls()
    assert first.startswith("run -trimpath ./cmd/generate-schema random 4.21.4")
    assert second.startswith("build ")


def test_checkout_is_never_written_to(fake_go: FakeGo) -> None:
    fake_go.behaves('touch schema.json; pwd >> "$here/places"')
    build([RANDOM])
    places = set((fake_go.folder / "places").read_text().split())
    assert not any(place.startswith(str(ROOT)) for place in places)


def test_checksums_are_verified_by_our_own_lists(fake_go: FakeGo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    fake_go.behaves('env | grep -E "^GO(FLAGS|NOSUM|SUMDB|NOSUMDB|PRIVATE)=" > "$here/flags"')
    build([COMMAND])
    assert (fake_go.folder / "flags").read_text() == "GOFLAGS=-mod=readonly -buildvcs=false\n"


def test_failed_build_shows_the_end_of_its_log_and_publishes_nothing(
    fake_go: FakeGo, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_go.behaves("seq 1 40; echo undefined: surgeon; exit 1")
    assert main(["build", "--only", "command"]) == 1
    told = capsys.readouterr().err
    assert "command 1.2.1: the build failed" in told
    assert "undefined: surgeon" in told
    assert "    30\n" in told
    assert "    20\n" not in told
    log = Path(told.rpartition("whole log: ")[2].strip())
    assert log.read_text().startswith("1\n2\n")
    assert _published() == []
    assert list((store.root() / "building").iterdir()) == []


def test_one_failure_does_not_stop_the_others(fake_go: FakeGo) -> None:
    fake_go.behaves('case "$*" in *resource-command*) exit 1 ;; esac')
    with pytest.raises(ToolchainError, match="command"):
        build(catalogue.required())
    assert _published() == ["kubernetes", "language", "pulumi", "random", "tls"]


@pytest.mark.parametrize(
    ("output", "reading"),
    [
        (
            "go: github.com/a/b@v1.2.3: reading https://p/x.mod: 403 Forbidden",
            "the Go module proxy does not hold github.com/a/b@v1.2.3, and says so for good",
        ),
        ("dial tcp: lookup proxy.golang.org: no such host", "no answer from the Go module proxy"),
        ("write /x: no space left on device", "the disk is full"),
        ("verifying x: checksum mismatch\nSECURITY ERROR", "a downloaded module is not the one go.sum pins"),
        ("compile: signal: killed", "the machine ran out of memory"),
    ],
)
def test_known_failures_are_explained(fake_go: FakeGo, output: str, reading: str) -> None:
    fake_go.behaves(f"printf '%s\\n' '{output}' >&2; exit 1")
    with pytest.raises(ToolchainError) as failed:
        build([COMMAND])
    assert str(failed.value).startswith(f"command 1.2.1: {reading}")


def test_password_of_a_proxy_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "https://user:hunter2@proxy.example")
    told = go.explain("dial tcp: connection refused")
    assert told is not None
    assert "https://proxy.example" in told
    assert "hunter2" not in told


def test_missing_go_is_one_line(
    fake_go: FakeGo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["build"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("toolchain: no go on PATH: install Go 1.26 or newer")
    assert told.count("\n") == 1


def test_old_go_is_one_line(fake_go: FakeGo, capsys: pytest.CaptureFixture[str]) -> None:
    fake_go.calls_itself("go1.19.8")
    assert main(["build"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("toolchain: go1.19.8 is too old: install Go 1.26 or newer")


def test_full_disk_is_noticed_before_building(fake_go: FakeGo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go, "free_mb", lambda _: 12)
    with pytest.raises(
        ToolchainError, match=r"12 MB free at .*, and building command needs 72 at the very least"
    ):
        build([COMMAND])
    assert fake_go.calls() == []


def test_long_build_shows_it_lives(
    fake_go: FakeGo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT_S", 0.05)
    fake_go.behaves("sleep 0.3")
    build([COMMAND])
    lines = capsys.readouterr().err.splitlines()
    assert "command          building" in lines[0]
    assert "1.2.1 built, 0 MB" in lines[-1]
    assert all(line.endswith(" s") for line in lines)


def test_two_at_once_build_once(fake_go: FakeGo) -> None:
    fake_go.behaves("sleep 0.3")
    threads = [threading.Thread(target=build, args=([ENGINE],)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake_go.calls()) == 1
    assert _published() == ["pulumi"]


def _start_build() -> subprocess.Popen[str]:
    return subprocess.Popen(
        # A shell that runs the tests in the background ignores Ctrl-C for them, and a child inherits that.
        [
            "env",
            "--default-signal=INT",
            sys.executable,
            "-m",
            "toolchain",
            "build",
            "--only",
            "command",
            "random",
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _until(condition: Path) -> None:
    deadline = time.monotonic() + 10
    while not condition.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_interrupted_build_publishes_nothing_and_carries_on(fake_go: FakeGo) -> None:
    fake_go.behaves('touch "$here/started"; exec sleep 60')
    building = _start_build()
    _until(fake_go.folder / "started")
    os.killpg(building.pid, signal.SIGINT)
    _, told = building.communicate(timeout=10)
    assert building.returncode == 130
    assert "stopped; the same command carries on from here" in told
    assert len(fake_go.calls()) == 1
    assert _published() == []
    fake_go.behaves("true")
    build([COMMAND])
    assert _published() == ["command"]


def test_killed_build_holds_no_lock_and_leaves_nothing_for_long(fake_go: FakeGo) -> None:
    fake_go.behaves('touch "$here/started"; exec sleep 60')
    building = _start_build()
    _until(fake_go.folder / "started")
    os.killpg(building.pid, signal.SIGKILL)
    building.communicate(timeout=10)
    assert _published() == []
    assert list((store.root() / "building").iterdir()) != []
    fake_go.behaves("true")
    build([COMMAND])
    assert _published() == ["command"]
    assert list((store.root() / "building").iterdir()) == []
