"""What the cluster is made of: pinned once, built from modules that agree."""

import re
from pathlib import Path

import pytest

from lab.images.catalogue import IMAGES
from toolchain import catalogue, engine, official, programs
from toolchain.catalogue import SOURCES, Artefact
from toolchain.errors import ToolchainError

MODULES = {
    "cluster/kubernetes": ("k8s.io/kubernetes", programs.KUBERNETES),
    "cluster/etcd": ("go.etcd.io/etcd/server/v3", programs.ETCD),
    "cluster/controllers": ("github.com/cloudnative-pg/cloudnative-pg", programs.CLOUDNATIVE_PG),
}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_requires_the_version_its_programs_claim(module: str) -> None:
    required, version = MODULES[module]
    assert f"{required} v{version}" in (SOURCES / module / "go.mod").read_text()


def test_every_staging_module_of_kubernetes_is_of_the_same_release() -> None:
    text = (SOURCES / "cluster/kubernetes/go.mod").read_text()
    staging = dict(re.findall(r"^\s+(k8s\.io/[a-z-]+) => k8s\.io/[a-z-]+ (v\S+)$", text, re.MULTILINE))
    assert len(staging) > 25
    assert set(staging.values()) == {f"v0.{programs.KUBERNETES.split('.', 1)[1]}"}


def test_every_program_of_an_image_is_built_by_the_toolchain() -> None:
    wanted = {program for image in IMAGES for program in image.programs.values()}
    assert wanted <= {program.name for program in programs.CLUSTER}


@pytest.mark.parametrize("program", programs.CLUSTER, ids=lambda program: program.name)
def test_a_program_of_the_cluster_is_never_looked_for_beside_the_engine(
    program: Artefact, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(official, "find", lambda _: pytest.fail("asked for an official binary"))
    assert engine.locate(program) is None


def test_missing_programs_are_all_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ToolchainError, match=r"kube-apiserver, .*garage; build with: .* --cluster"):
        programs.binaries()


def test_names_are_unique_among_all_that_can_be_built() -> None:
    names = [artefact.name for artefact in (*catalogue.ARTEFACTS, *programs.CLUSTER)]
    assert len(names) == len(set(names))
