"""The running lab as a hospital under drill."""

import gc
import json
from dataclasses import replace
from pathlib import Path

from components.database_endpoints import instance_addresses
from drills.framework import records_client
from drills.framework.client import Door, trusting
from drills.framework.cluster import Cluster
from drills.framework.hospital import Hospital
from drills.framework.inside import Told
from drills.framework.records_client import RecordsDoor
from drills.framework.verdict import DrillError
from infra.config.load import ConfigurationError, read_stack_file
from lab import cgroups
from lab.hospital import Lab
from lab.host import LabError
from lab.links import BridgeLinks
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
    told = read_told(lab.state / "database.json", authority)
    kubernetes = drawing.kubernetes
    return Hospital(
        machines=machines,
        macs=tuple(drawing.macs),
        door=Door(str(drawing.edge.address), drawing.domain, trusting(authority)),
        service_port=drawing.service.port,
        cluster=Cluster(machines, kubernetes.pod_network, f"https://{kubernetes.local_api}:6444")
        if told
        else None,
        records=door_of(told) if told else None,
        links=BridgeLinks(lab),
        detector=drawing.detector.enabled,
        instances={
            place.name: replace(told, host=str(place.address), port=place.port)
            for place in instance_addresses(drawing)
        }
        if told
        else {},
    )


def play_phones() -> bool:
    """Take the processor before the lab's machines do, as phones have their own; False where nobody may.

    Nor do they wait while this process looks through all it ever imported for garbage.
    """
    gc.collect()
    gc.freeze()
    return cgroups.play_phones(Lab.named().name)


def read_told(path: Path, authority: Path) -> Told | None:
    """What `make up` wrote about the database; None when it deployed none.

    Raises DrillError when the file is not what it should be.
    """
    if not path.exists():
        return None
    try:
        return Told(authority=str(authority), **json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise DrillError(f"{path}: {error}: run `make up` again") from None


def door_of(told: Told) -> RecordsDoor:
    """The same as a client of this process opens it."""
    tls = records_client.trusting(Path(told.authority), told.server_name)
    return RecordsDoor(told.host, told.port, told.database, told.user, told.password, tls)
