"""The running lab as a hospital under drill."""

from pathlib import Path

from drills.framework.client import Door, trusting
from drills.framework.hospital import Hospital
from drills.framework.verdict import DrillError
from infra.config.load import ConfigurationError, read_stack_file
from lab.hospital import Lab
from lab.host import LabError
from lab.network import require_inside

REPOSITORY = Path(__file__).resolve().parents[2]
STACK_FILES = {"lab": "Pulumi.lab.yaml", "mvp": "Pulumi.lab-mvp.yaml"}


def virtual_hospital() -> Hospital:
    """The lab that PRONTUARIO_LAB names, ``hospital`` by default.

    Raises DrillError when it is not up, nothing is deployed on it, or this process is not on its network.
    """
    try:
        lab = Lab.named()
        require_inside(lab)
        drawing = read_stack_file(REPOSITORY / STACK_FILES[lab.plan.stack])
        machines = lab.machines
    except (LabError, ConfigurationError) as error:
        raise DrillError(str(error)) from None
    authority = lab.state / "ca.pem"
    if not authority.exists():
        raise DrillError(f"nothing is deployed on lab {lab.name!r} yet: run `make up`")
    return Hospital(
        machines=machines,
        macs=tuple(drawing.macs),
        door=Door(str(drawing.edge.address), drawing.domain, trusting(authority)),
        service_port=drawing.service.port,
    )
