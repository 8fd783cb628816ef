"""Which engine is used: the official one where it is at hand, else ours; and what doctor says of it."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.toolchain.fake_go import FakeGo
from toolchain import cargo, catalogue, doctor, engine, go, programs, store
from toolchain.__main__ import main
from toolchain.build import build
from toolchain.catalogue import Artefact
from toolchain.errors import ToolchainError

ROOT = Path(__file__).resolve().parents[2]


def _install(path: Path, text: str = "#!/bin/sh\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _install_engine(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(folder / "pulumi", f"#!/bin/sh\necho asked >> {folder}/asked\necho {version}\n")
    _install(folder / "pulumi-language-python")
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))


def _install_plugins(home: Path, artefacts: list[Artefact]) -> None:
    for artefact in artefacts:
        if artefact.is_plugin:
            _install(home / artefact.home_path)


def test_nothing_there_says_what_to_do(fake_go: FakeGo) -> None:
    with pytest.raises(ToolchainError) as refused:
        engine.environment()
    assert str(refused.value) == (
        "not here yet: pulumi, language-python, command, random, tls, kubernetes; "
        "build with: python -m toolchain build"
    )


def test_official_installation_is_used_as_it_is(
    fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_engine(tmp_path / "official", "v3.259.0", monkeypatch)
    _install_plugins(tmp_path / "home" / ".pulumi", catalogue.required())
    variables = engine.environment()
    assert "PULUMI_HOME" not in variables
    assert variables["PATH"].startswith(f"{tmp_path}/official:")
    assert main(["build"]) == 0
    assert fake_go.calls() == []


def test_plugins_of_a_named_home_count(
    fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_plugins(tmp_path / "elsewhere", catalogue.required())
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "elsewhere"))
    assert engine.locate(catalogue.COMMAND) == (
        "official",
        tmp_path / "elsewhere" / "plugins" / "resource-command-v1.2.1",
    )


def test_other_version_of_the_engine_does_not_count(
    fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_engine(tmp_path / "official", "v3.100.0", monkeypatch)
    assert engine.locate(catalogue.ENGINE) is None
    assert engine.locate(catalogue.LANGUAGE_HOST) is None


def test_engine_is_asked_its_version_once(
    fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_engine(tmp_path / "official", "v3.259.0", monkeypatch)
    for _ in range(3):
        assert engine.locate(catalogue.ENGINE) == ("official", tmp_path / "official")
    assert (tmp_path / "official" / "asked").read_text() == "asked\n"


def test_half_downloaded_plugin_does_not_count(fake_go: FakeGo, tmp_path: Path) -> None:
    home = tmp_path / "home" / ".pulumi"
    _install_plugins(home, [catalogue.COMMAND])
    (home / "plugins" / "resource-command-v1.2.1.partial").touch()
    assert engine.locate(catalogue.COMMAND) is None


def test_official_engine_and_built_plugins_live_together(
    fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_engine(tmp_path / "official", "v3.259.0", monkeypatch)
    build(catalogue.required())
    built = [call for call in fake_go.calls() if call.startswith("build")]
    plugins = [artefact.binary for artefact in catalogue.required() if artefact.is_plugin]
    assert [binary for binary in plugins if any(f"/{binary} " in call for call in built)] == plugins
    assert len(built) == len(plugins)
    home = Path(engine.environment()["PULUMI_HOME"])
    assert (home / "bin" / "pulumi").read_text() == (tmp_path / "official" / "pulumi").read_text()
    assert (home / "plugins" / "resource-tls-v5.6.2" / "pulumi-resource-tls").exists()


def test_environment_inside_itself_is_the_same(fake_go: FakeGo, monkeypatch: pytest.MonkeyPatch) -> None:
    build(catalogue.required())
    outside = engine.environment()
    for key, value in outside.items():
        monkeypatch.setenv(key, value)
    inside = engine.environment()
    assert inside["PULUMI_HOME"] == outside["PULUMI_HOME"]
    assert engine.locate(catalogue.ENGINE) == ("built", store.folder(catalogue.ENGINE, "go1.26.8"))


def test_what_was_built_is_found_without_go(fake_go: FakeGo, monkeypatch: pytest.MonkeyPatch) -> None:
    build(catalogue.required())
    home = engine.environment()["PULUMI_HOME"]
    monkeypatch.setenv("PATH", "/nonexistent")
    go.version.cache_clear()
    assert engine.environment()["PULUMI_HOME"] == home


def test_env_prints_what_children_need(fake_go: FakeGo, capsys: pytest.CaptureFixture[str]) -> None:
    build(catalogue.required())
    assert main(["env"]) == 0
    printed = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert printed == engine.environment()
    assert printed["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_clean_keeps_what_is_wanted(fake_go: FakeGo, capsys: pytest.CaptureFixture[str]) -> None:
    build(catalogue.required())
    home = engine.environment()["PULUMI_HOME"]
    old = store.root() / "store" / "command-1.0.0-0123456789abcdef-go1.20"
    old.mkdir()
    assert main(["clean"]) == 0
    assert not old.exists()
    assert str(old) in capsys.readouterr().out
    assert engine.environment()["PULUMI_HOME"] == home


def test_clean_all_leaves_nothing(fake_go: FakeGo, cache: Path) -> None:
    build(catalogue.required())
    assert main(["clean", "--all"]) == 0
    assert not cache.exists()


@pytest.fixture
def engine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the engine is wanted, and Rust is there."""
    monkeypatch.setattr(programs, "CLUSTER", ())
    monkeypatch.setattr(cargo, "version", lambda: "rust1.95.0")


@pytest.mark.usefixtures("engine_alone")
def test_doctor_prices_what_is_missing(fake_go: FakeGo, capsys: pytest.CaptureFixture[str]) -> None:
    build([catalogue.COMMAND])
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "go1.26.8, fit to build with" in told
    assert re.search(r"^command +1\.2\.1 +built +/", told, re.MULTILINE)
    assert re.search(
        r"^pulumi +3\.259\.0 +missing +would be built: about \d+ CPU s, \d+ MB to download, \d+ MB of disk",
        told,
        re.MULTILINE,
    )
    assert "to build: pulumi, language-python, random, tls, kubernetes: at most" in told


@pytest.mark.usefixtures("engine_alone")
def test_doctor_tells_what_nothing_needs_yet(
    fake_go: FakeGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"pulumi=={catalogue.ENGINE.version}\n")
    needed = catalogue.required(requirements)
    monkeypatch.setattr(catalogue, "required", lambda: needed)
    told, _ = doctor.report(doctor.examine())
    assert "not needed yet (build --only kubernetes)" in told
    assert "to build: pulumi, language-python: at most" in told


@pytest.mark.usefixtures("engine_alone")
def test_doctor_is_content_when_all_is_there(fake_go: FakeGo) -> None:
    build(catalogue.required())
    assert doctor.report(doctor.examine())[0].endswith("everything needed is there")


def test_doctor_names_what_hinders(
    fake_go: FakeGo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(cargo, "version", lambda: None)
    assert main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "cannot build: no go on PATH" in told
    assert "no cargo on PATH" in told
    assert re.search(r"^kubelet +.*missing +would be built", told, re.MULTILINE)


@pytest.mark.usefixtures("engine_alone")
def test_doctor_notices_a_small_disk(fake_go: FakeGo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go, "free_mb", lambda _: 12)
    text, well = doctor.report(doctor.examine())
    assert not well
    assert "may not fit: 12 MB free" in text


@pytest.mark.build
def test_warm_start_is_hardly_noticed() -> None:
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "toolchain", "env"], cwd=ROOT, capture_output=True, check=True)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    # CPU time, because a busy machine would lengthen any other.
    assert ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime < 0.3
