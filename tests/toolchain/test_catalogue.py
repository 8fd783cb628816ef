"""One version of everything, wherever it is written."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from toolchain import catalogue, store
from toolchain.catalogue import ARTEFACTS, COMMAND, KUBERNETES, LANGUAGE_HOST, RANDOM, SOURCES
from toolchain.errors import ToolchainError


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Our Go sources, free to change."""
    return Path(
        shutil.copytree(SOURCES, tmp_path / "toolchain", ignore=shutil.ignore_patterns("__pycache__"))
    )


def test_requirements_pin_what_the_catalogue_builds() -> None:
    assert {artefact.name for artefact in catalogue.required()} >= {
        "pulumi",
        "language-python",
        "command",
        "random",
        "tls",
    }


@pytest.mark.parametrize("module", ["engine-cli/go.mod", "plugins/go.mod"])
def test_go_modules_pin_the_engine_of_the_catalogue(module: str) -> None:
    pinned = [line for line in (SOURCES / module).read_text().splitlines() if "pulumi/pulumi/" in line]
    assert pinned
    assert all(line.removesuffix(" // indirect").endswith(f" v{catalogue.ENGINE.version}") for line in pinned)


def test_kubernetes_sources_name_its_version() -> None:
    pinned = (SOURCES / "kubernetes/upstream/go.mod").read_text()
    assert f"pulumi-kubernetes/sdk/v4 v{KUBERNETES.version}" in pinned
    assert KUBERNETES.prepare == (("./cmd/prepare", KUBERNETES.version),)


def test_disagreeing_pin_is_refused(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pulumi==3.259.0 \\\n    --hash=sha256:00\npulumi-command==9.9.9\n")
    with pytest.raises(ToolchainError) as refused:
        catalogue.required(requirements)
    assert str(refused.value) == (
        "requirements.txt pins pulumi-command 9.9.9 but toolchain/catalogue.py builds 1.2.1: "
        "change both together"
    )


def test_only_what_is_pinned_is_required(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pulumi-tls==5.6.2\npyyaml==6.0.3\n")
    assert [artefact.name for artefact in catalogue.required(requirements)] == ["tls"]


def test_missing_requirements_are_named(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match=r"cannot read .*requirements.txt .*which plugins are needed"):
        catalogue.required(tmp_path / "requirements.txt")


def test_unknown_artefact_is_named() -> None:
    with pytest.raises(ToolchainError, match="no artefact is called gpc: choose among pulumi, "):
        catalogue.named(["command", "gpc"])


def _changed(sources: Path, before: dict[str, str]) -> set[str]:
    return {a.name for a in ARTEFACTS if store.sources_key(a, sources) != before[a.name]}


@pytest.mark.parametrize(
    ("touched", "rebuilt"),
    [
        ("plugins/command/remote/dial.go", {"command"}),
        ("plugins/cmd/pulumi-language-python/host.go", {"language-python"}),
        ("plugins/bridged/random.go", {"random", "tls"}),
        ("plugins/go.sum", {"language-python", "command", "random", "tls"}),
        ("engine-cli/go.mod", {"pulumi"}),
        ("kubernetes/cmd/prepare/sdk.go", {"kubernetes"}),
        ("plugins/COMMAND.md", set()),
    ],
)
def test_change_rebuilds_only_what_it_touches(sources: Path, touched: str, rebuilt: set[str]) -> None:
    before = {artefact.name: store.sources_key(artefact, sources) for artefact in ARTEFACTS}
    with (sources / touched).open("a") as file:
        file.write("// changed\n")
    assert _changed(sources, before) == rebuilt


def test_new_file_changes_the_key(sources: Path) -> None:
    before = {artefact.name: store.sources_key(artefact, sources) for artefact in ARTEFACTS}
    (sources / "plugins/command/local/more.go").write_text("package local\n")
    assert _changed(sources, before) == {"command"}


def test_version_and_flags_change_the_key() -> None:
    assert store.sources_key(dataclasses.replace(COMMAND, version="1.2.2")) != store.sources_key(COMMAND)
    other = dataclasses.replace(COMMAND, version_variable="main.other")
    assert store.sources_key(other) != store.sources_key(COMMAND)
    assert store.sources_key(dataclasses.replace(RANDOM, prepare=())) != store.sources_key(RANDOM)


def test_go_version_changes_the_folder(cache: Path) -> None:
    assert store.folder(COMMAND, "go1.26.8") != store.folder(COMMAND, "go1.27.0")


def test_plugins_stand_where_the_engine_looks() -> None:
    assert COMMAND.home_path == Path("plugins/resource-command-v1.2.1/pulumi-resource-command")
    assert LANGUAGE_HOST.home_path == Path("bin/pulumi-language-python")
