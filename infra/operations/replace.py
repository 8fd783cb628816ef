"""Makes a machine a new member of the cluster: ``python -m infra.operations.replace mac-b --stack lab``.

For a machine that was lost and rebuilt under its old name, and for one whose part of the cluster is beyond
repair. Volumes on the machine are not touched.
"""

import argparse
import sys

from components.remote_script import call
from infra.config.load import ConfigurationError
from infra.operations.deployment import Deployment, OperationError, deployment
from lab.host import LabError
from toolchain.workspace import EngineError


def replace(deployed: Deployment, machine: str) -> None:
    """Take ``machine`` out of the cluster, wipe its part of it, let it join again.

    Raises OperationError, before anything changes, when that is not one of the machines, when it is the only
    one, when the others' etcd is not healthy, or when what runs there cannot move.
    """
    if machine not in deployed.machines:
        known = ", ".join(deployed.machines)
        raise OperationError(
            f"{machine} is no machine of the stack file, which has {known}: name one of these"
        )
    sponsor = next((one for one in deployed.machines if one != machine), None)
    if sponsor is None:
        raise OperationError(
            f"{machine} is the only machine, and the cluster lives on it alone: "
            "restore the records from their backup onto a new one instead"
        )
    print(f"{machine}: out of the cluster")
    deployed.doors[sponsor].run(f"replace {machine}", call("expel", machine))
    try:
        deployed.doors[machine].run(f"replace {machine}", "surrender")
    except ConnectionError as error:
        raise OperationError(
            f"{error}. The cluster goes on without it: set up the new machine under the same name and "
            "address, write its host key into the stack file, then run this again"
        ) from None
    print(f"{machine}: joins again")
    deployed.update("--replace", f"**::{sponsor}-{machine}-kubernetes-ticket")


def main(arguments: list[str] | None = None) -> int:
    """Replace a machine of the cluster."""
    parser = argparse.ArgumentParser(prog="python -m infra.operations.replace", description=main.__doc__)
    parser.add_argument("machine", help="its name in the stack file")
    parser.add_argument("--stack", default="lab")
    chosen = parser.parse_args(arguments)
    try:
        with deployment(chosen.stack) as deployed:
            replace(deployed, chosen.machine)
    except (OperationError, ConnectionError, EngineError, LabError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
