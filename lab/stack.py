"""Deploys a stack onto the running virtual hospital: ``python -m lab exec -- python -m lab.stack up``.

The stack file is the committed one plus what only this lab knows: its machines' host keys and processor, who
signed the image bundle, and the administrator's key. State and secrets live in the lab's own folder and go
with it.
"""

import argparse
import json
import platform
import sys
from typing import Any

from components.database_endpoints import DATABASE
from components.record_access import WRITER
from lab import interrupt
from lab.hospital import Lab
from lab.host import LabError, typed, write_atomically
from lab.images.artefact import lab_signer
from lab.network import require_inside
from toolchain.errors import ToolchainError
from toolchain.workspace import EngineError, Workspace, alone, stack_settings


def workspace(lab: Lab, stack: str) -> Workspace:
    """The workspace of ``stack`` on ``lab``, its stack file up to date."""
    settings = stack_settings(stack)
    nodes: dict[str, Any] = settings["nodes"]
    for name, node in nodes.items():
        key = (lab.state / "ssh" / f"{name}.host_key.pub").read_text().split()
        node["ssh"] = {**node.get("ssh", {}), "host_key": " ".join(key[:2])}
        node["architecture"] = platform.machine()
    settings["bundle"] = {"signers": [lab_signer()]}
    private_key = (lab.state / "ssh" / "admin").read_text()
    return Workspace.create(lab.state / "pulumi", stack, settings, key=private_key)


def up(lab: Lab, stack: str) -> None:
    """``pulumi up``, then leave what clients need where they find it."""
    with alone(lab.state / "pulumi"):
        deployment = workspace(lab, stack)
        deployment.recover()
        deployment.run("up", "--yes", "--skip-preview", "--suppress-outputs", capture=False)
        outputs = deployment.outputs()
    leave_for_clients(lab, outputs)
    print_places(lab, stack_settings(stack)["domain"], outputs)


def leave_for_clients(lab: Lab, outputs: dict[str, Any]) -> None:
    """The authority's certificate for everybody; passwords and kubeconfig for the lab's owner alone."""
    (lab.state / "ca.pem").write_text(outputs["certificate_authority"])
    host, _, port = outputs["database"].partition(":")
    database = {
        "host": outputs["address"],
        "port": int(port),
        "database": DATABASE,
        "server_name": host,
        "user": WRITER,
        "password": outputs["database_users"][WRITER],
    }
    for name, content in (("database.json", json.dumps(database)), ("kubeconfig", outputs["kubeconfig"])):
        write_atomically(lab.state / name, content, mode=0o600)


def print_places(lab: Lab, domain: str, outputs: dict[str, Any]) -> None:
    """Where everything is, for the person who typed ``make up``."""
    rows = [
        ("your browser", f"https://{domain}:{lab.door_ports['https']}/"),
        ("its authority", f"{lab.state / 'ca.pem'} (curl --cacert, or trust it in the browser)"),
        ("inside the LAN", f"{outputs['url']} by {typed('exec', '-- COMMAND', lab=lab.name)}"),
        ("medical records", f"{outputs['database']} (TLS, its password in {lab.state / 'database.json'})"),
        ("Kubernetes", f"{outputs['kubernetes']} (KUBECONFIG={lab.state / 'kubeconfig'})"),
        *((f"machine {name}", machine.address) for name, machine in lab.machines.items()),
        ("a root shell", typed("shell", next(iter(lab.machines)), lab=lab.name)),
    ]
    for what, where in rows:
        print(f"  {what:<16} {where}")


def main() -> int:
    """``up`` or ``destroy`` a stack on the running lab; runs inside its network."""
    parser = argparse.ArgumentParser(prog="python -m lab.stack", description=main.__doc__)
    parser.add_argument("verb", choices=["up", "destroy", "preview"])
    parser.add_argument("--stack", default="lab")
    arguments = parser.parse_args()
    try:
        lab = Lab.named()
        require_inside(lab)
        if arguments.verb == "up":
            up(lab, arguments.stack)
        elif arguments.verb == "preview":
            workspace(lab, arguments.stack).run("preview", capture=False)
        else:
            with alone(lab.state / "pulumi"):
                deployment = workspace(lab, arguments.stack)
                deployment.recover()
                deployment.run("destroy", "--yes", "--skip-preview", capture=False)
    except (EngineError, LabError, ToolchainError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(interrupt.SAID, file=sys.stderr)
        return interrupt.STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main())
