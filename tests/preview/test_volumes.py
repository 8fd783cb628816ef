"""A volume that would shrink stops the real engine, in a preview and in an update."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain.engine import environment
from toolchain.workspace import ROOT

pytestmark = pytest.mark.engine

# The provider writes manifests into a folder instead of asking a cluster; the engine's part is the real one.
PROGRAM = """\
import os

import pulumi
import pulumi_kubernetes as kubernetes

from components.manifests import KubernetesObject
from components.volumes import only_growing, render_volume

cluster = kubernetes.Provider("cluster", render_yaml_to_directory="manifests")
KubernetesObject(
    "volume",
    render_volume("records", os.environ["SIZE"], "mac-a"),
    pulumi.ResourceOptions(provider=cluster, protect=True, hooks=only_growing("records-only-growing")),
)
"""


class Stack:
    """One volume, made by the real engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "state").mkdir()
        (folder / "program.py").write_text(PROGRAM)
        (folder / "Pulumi.yaml").write_text(
            "name: volumes\nmain: program.py\n"
            f"runtime: {{name: python, options: {{virtualenv: {Path(sys.prefix)}}}}}\n"
        )
        self.run("stack", "init", "only", size="")

    def run(self, *arguments: str, size: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--cwd", str(self.folder)],
            env={
                **os.environ,
                **environment(),
                "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": "nobody's",
                "PYTHONPATH": str(ROOT),
                "NO_PROXY": "127.0.0.1,localhost",
                "no_proxy": "127.0.0.1,localhost",
                "SIZE": size,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def manifest(self) -> str:
        """What the provider was told last."""
        (found,) = (self.folder / "manifests").rglob("*persistentvolume*")
        return found.read_text()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A volume of 2Gi that is there."""
    made = Stack(tmp_path_factory.mktemp("volumes"))
    done = made.run("up", "--yes", "--stack", "only", size="2Gi")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_a_preview_with_a_smaller_size_is_refused_in_one_line(stack: Stack) -> None:
    refused = stack.run("preview", "--stack", "only", size="1Gi")
    assert refused.returncode != 0
    line = "records-mac-a has 2Gi and cannot shrink to 1Gi: nothing was changed"
    assert line in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr


def test_an_update_without_a_preview_is_refused_too(stack: Stack) -> None:
    before = stack.manifest
    refused = stack.run("up", "--yes", "--skip-preview", "--stack", "only", size="1Gi")
    assert refused.returncode != 0
    assert "cannot shrink" in refused.stdout + refused.stderr
    assert stack.manifest == before


def test_the_same_size_changes_nothing_and_a_larger_one_is_welcome(stack: Stack) -> None:
    same = stack.run("preview", "--expect-no-changes", "--stack", "only", size="2Gi")
    assert same.returncode == 0, same.stdout + same.stderr
    larger = stack.run("preview", "--stack", "only", size="3Gi")
    assert larger.returncode == 0, larger.stdout + larger.stderr
