"""Production: two Macs and a witness behind one floating address, one cluster on them, the data in it."""

import pulumi

from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.backup import Backup, BackupArgs, plugin_release
from components.cache import RedisSentinel, RedisSentinelArgs
from components.cloudnativepg import CloudNativePG, CloudNativePGArgs, operator_release
from components.container_runtime import ContainerRuntime, ContainerRuntimeArgs, bundle_for
from components.database import PostgresCluster, PostgresClusterArgs
from components.detector import FailureDetector, FailureDetectorArgs
from components.etcd_leader import EtcdLeader, EtcdLeaderArgs
from components.kubernetes import KubernetesCluster, KubernetesClusterArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.machine import MachineArgs, MacStudio, Witness
from components.object_store import ObjectStore, ObjectStoreArgs
from components.records_watchdog import RecordsWatchdog, RecordsWatchdogArgs
from components.service import MedicalService, MedicalServiceArgs, release_for
from components.services_stores import Stores, document_key
from infra.config.model import Hospital
from lab.images.catalogue import POSTGRESQL, VALKEY
from stacks import Outputs


def deploy(hospital: Hospital, key: pulumi.Input[str]) -> Outputs:
    """Put ``hospital`` on its machines, through the SSH doors that ``key`` opens."""
    release = release_for(hospital.primary.debian_architecture)
    bundle = bundle_for(hospital.primary.debian_architecture)
    postgresql = bundle.image(POSTGRESQL.repository)
    authority = CertificateAuthority("authority", CertificateAuthorityArgs(hospital.name))
    trusted_in_cluster = CertificateAuthority(
        "cluster-authority", CertificateAuthorityArgs(f"{hospital.name} cluster")
    )

    macs = [MacStudio(name, MachineArgs.of(hospital, name, key)) for name in hospital.macs]
    machines = [*macs, Witness(hospital.witness, MachineArgs.of(hospital, hospital.witness, key))]
    edge = LoadBalancer("edge", LoadBalancerArgs(hospital, machines, authority, trusted_in_cluster))

    signers = hospital.bundle.signers
    runtimes = [
        ContainerRuntime(f"{each.name}-runtime", ContainerRuntimeArgs(each, bundle, signers))
        for each in machines
    ]
    cluster = KubernetesCluster(
        "kubernetes", KubernetesClusterArgs(hospital, machines, runtimes, edge, trusted_in_cluster)
    )
    witness = machines[-1]
    EtcdLeader("etcd-leader", EtcdLeaderArgs(witness, cluster.members[witness.name]))
    operator = CloudNativePG(
        "operator", CloudNativePGArgs(hospital, cluster, operator_release(), postgresql.rpartition(":")[2])
    )
    store = ObjectStore("objects", ObjectStoreArgs(hospital, cluster, machines, authority))
    backup = Backup("backup", BackupArgs(hospital, cluster, operator.ready, store, plugin_release()))
    records = PostgresCluster(
        "records",
        PostgresClusterArgs(hospital, cluster, macs, authority, postgresql, backup.ready, backup.plugins),
    )
    RecordsWatchdog("watchdog", RecordsWatchdogArgs(macs))
    cache = RedisSentinel(
        "cache", RedisSentinelArgs(hospital, cluster, machines, authority, bundle.image(VALKEY.repository))
    )
    detector = FailureDetector("detector", FailureDetectorArgs(hospital, machines, cluster))

    stores = Stores(authority, records, cache, store.documents, document_key(hospital.keep_data))
    service = MedicalService("service", MedicalServiceArgs(hospital, macs, release, stores))
    return Outputs.of(edge, cluster, records, service, detector)
