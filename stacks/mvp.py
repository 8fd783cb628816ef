"""The pilot: one Mac, everything on it, no cloud."""

import pulumi

from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.machine import MachineArgs, MacStudio
from components.service import MedicalService, MedicalServiceArgs, release_for
from infra.config.model import Hospital
from stacks import Outputs


def deploy(hospital: Hospital, key: pulumi.Input[str]) -> Outputs:
    """Put ``hospital`` on its one Mac, through the SSH door that ``key`` opens."""
    (name,) = hospital.macs
    release = release_for(hospital.primary.debian_architecture)
    authority = CertificateAuthority("authority", CertificateAuthorityArgs(hospital.name))
    mac = MacStudio(name, MachineArgs.of(hospital, name, key))
    edge = LoadBalancer("edge", LoadBalancerArgs(hospital, [mac], authority))
    service = MedicalService("service", MedicalServiceArgs(hospital, [mac], release))
    return Outputs.of(edge, service)
