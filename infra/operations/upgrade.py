"""Takes the cluster to this checkout's Kubernetes: ``python -m infra.operations.upgrade --stack lab``.

The update itself is ``pulumi up``: each machine in turn becomes what its configuration says, and none begins
while a member of etcd is ill (components/scripts/kubernetes.sh). Here is what must hold before and after.
"""

import argparse
import sys
from dataclasses import dataclass

from components.kubeadm import VERSION
from infra.config.load import ConfigurationError
from infra.operations.deployment import Deployment, OperationError, deployment
from lab.host import LabError
from toolchain.workspace import EngineError


@dataclass(frozen=True)
class Member:
    """A node as the cluster sees it."""

    name: str
    ready: bool
    version: str


def survey(deployed: Deployment) -> list[Member]:
    """Every node; OperationError unless every member of etcd is healthy."""
    first = deployed.machines[0]
    lines = deployed.doors[first].run("upgrade", "survey").splitlines()
    return [Member(name, ready == "True", version) for name, ready, version in map(str.split, lines)]


def numbers(version: str) -> tuple[int, int, int]:
    """``v1.36.3`` as numbers."""
    major, minor, patch = version.removeprefix("v").split(".")
    return int(major), int(minor), int(patch)


def obstacle(members: list[Member], machines: list[str], wanted: str) -> str | None:
    """Why this cluster may not be taken to ``wanted`` now; None when it may."""
    missing = sorted(set(machines) - {one.name for one in members})
    if missing:
        return f"{', '.join(missing)} is not in the cluster: make replace NODE={missing[0]} first"
    for one in members:
        if not one.ready:
            return f"{one.name} is not ready: an upgrade now could take away the last copy that serves"
        present, target = numbers(one.version), numbers(wanted)
        if target < present:
            return f"{one.name} runs {one.version}, and nothing goes back to {wanted}: use its own checkout"
        if target[:2] > (present[0], present[1] + 1):
            return (
                f"{one.name} runs {one.version}, and Kubernetes takes one minor version at a time: "
                f"go to v{present[0]}.{present[1] + 1} before {wanted}"
            )
    return None


def upgrade(deployed: Deployment, wanted: str = VERSION) -> None:
    """Bring every machine to ``wanted``, one after the other; OperationError says what stands in the way."""
    problem = obstacle(survey(deployed), deployed.machines, wanted)
    if problem:
        raise OperationError(f"nothing was changed: {problem}")
    deployed.update()
    behind = [one for one in survey(deployed) if not one.ready or one.version != wanted]
    if behind:
        said = ", ".join(f"{one.name} ({one.version}{'' if one.ready else ', not ready'})" for one in behind)
        raise OperationError(f"not at {wanted} after the update: {said}: look at journalctl -u kubelet there")
    print(f"every machine runs Kubernetes {wanted}")


def main(arguments: list[str] | None = None) -> int:
    """Take the cluster to this checkout's version of Kubernetes."""
    parser = argparse.ArgumentParser(prog="python -m infra.operations.upgrade", description=main.__doc__)
    parser.add_argument("--stack", default="lab")
    chosen = parser.parse_args(arguments)
    try:
        with deployment(chosen.stack) as deployed:
            upgrade(deployed)
    except (OperationError, ConnectionError, EngineError, LabError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
