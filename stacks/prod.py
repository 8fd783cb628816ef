"""Production: two Macs and a witness behind one floating address."""

import pulumi

from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.machine import MachineArgs, MacStudio, Witness
from components.service import MedicalService, MedicalServiceArgs, release_for
from infra.config.model import Hospital
from stacks import Outputs


def deploy(hospital: Hospital, key: pulumi.Input[str]) -> Outputs:
    """Put ``hospital`` on its machines, through the SSH doors that ``key`` opens."""
    release = release_for(hospital.primary.debian_architecture)
    authority = CertificateAuthority("authority", CertificateAuthorityArgs(hospital.name))
    macs = [MacStudio(name, MachineArgs.of(hospital, name, key)) for name in hospital.macs]
    witness = Witness(hospital.witness, MachineArgs.of(hospital, hospital.witness, key))
    edge = LoadBalancer("edge", LoadBalancerArgs(hospital, [*macs, witness], authority))
    service = MedicalService("service", MedicalServiceArgs(hospital, macs, release))
    return Outputs.of(edge, service)
