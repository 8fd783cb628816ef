"""The pilot: one Mac, everything on it, no cloud."""

import pulumi

from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.backup import Backup, BackupArgs, plugin_release
from components.cache import RedisSentinel, RedisSentinelArgs
from components.cloudnativepg import CloudNativePG, CloudNativePGArgs, operator_release
from components.container_runtime import ContainerRuntime, ContainerRuntimeArgs, bundle_for
from components.database import PostgresCluster, PostgresClusterArgs
from components.kubernetes import KubernetesCluster, KubernetesClusterArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.machine import MachineArgs, MacStudio
from components.object_store import ObjectStore, ObjectStoreArgs
from components.records_watchdog import RecordsWatchdog, RecordsWatchdogArgs
from components.service import MedicalService, MedicalServiceArgs, release_for
from components.services_stores import Stores, document_key
from infra.config.model import Hospital
from lab.images.catalogue import POSTGRESQL, VALKEY
from stacks import Outputs


def deploy(hospital: Hospital, key: pulumi.Input[str]) -> Outputs:
    """Put ``hospital`` on its one Mac, through the SSH door that ``key`` opens."""
    (name,) = hospital.macs
    release = release_for(hospital.primary.debian_architecture)
    bundle = bundle_for(hospital.primary.debian_architecture)
    postgresql = bundle.image(POSTGRESQL.repository)
    authority = CertificateAuthority("authority", CertificateAuthorityArgs(hospital.name))
    trusted_in_cluster = CertificateAuthority(
        "cluster-authority", CertificateAuthorityArgs(f"{hospital.name} cluster")
    )

    mac = MacStudio(name, MachineArgs.of(hospital, name, key))
    edge = LoadBalancer("edge", LoadBalancerArgs(hospital, [mac], authority, trusted_in_cluster))

    runtime = ContainerRuntime(f"{name}-runtime", ContainerRuntimeArgs(mac, bundle, hospital.bundle.signers))
    cluster = KubernetesCluster(
        "kubernetes", KubernetesClusterArgs(hospital, [mac], [runtime], edge, trusted_in_cluster)
    )
    operator = CloudNativePG(
        "operator", CloudNativePGArgs(hospital, cluster, operator_release(), postgresql.rpartition(":")[2])
    )
    store = ObjectStore("objects", ObjectStoreArgs(hospital, cluster, [mac], authority))
    backup = Backup("backup", BackupArgs(hospital, cluster, operator.ready, store, plugin_release()))
    records = PostgresCluster(
        "records",
        PostgresClusterArgs(hospital, cluster, [mac], authority, postgresql, backup.ready, backup.plugins),
    )
    RecordsWatchdog("watchdog", RecordsWatchdogArgs([mac]))
    cache = RedisSentinel(
        "cache", RedisSentinelArgs(hospital, cluster, [mac], authority, bundle.image(VALKEY.repository))
    )

    stores = Stores(authority, records, cache, store.documents, document_key(hospital.keep_data))
    service = MedicalService("service", MedicalServiceArgs(hospital, [mac], release, stores))
    return Outputs.of(edge, cluster, records, service)
