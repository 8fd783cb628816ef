"""The database of the medical records as CloudNativePG is told about it. Pure: values in, manifests out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.clocks import ClusterClocks, clocks_for
from components.database_endpoints import CLUSTER, DATABASE, NAMESPACE
from components.record_access import OWNER, PG_HBA, ROLES, SETUP, secret_name
from components.record_sizes import Share, log_settings, memory_settings
from infra.config.model import Hospital

SERVER_SECRET = f"{CLUSTER}-server"
AUTHORITY_SECRET = f"{CLUSTER}-authority"
QUERIES = f"{CLUSTER}-queries"

SENDER_TIMEOUT = "2s"
RECEIVER_TIMEOUT = "1500ms"
"""Silence after which primary and standby give each other up. A promotion waits for the standby's, so that
one ends when the detector's patience does."""

RESTORE = (
    "test -e recovery.signal -o ! -e PG_VERSION && "
    "/controller/manager wal-restore --log-destination /controller/log/postgres.json %f %p"
)
"""CloudNativePG's own command, for restores (recovery.signal) and pg_rewind (not in a data directory) alone.

A standby streams what it needs from its primary. On its way to be primary PostgreSQL would ask the archive
five times, once after it took its standby.signal away; each question starts a program and, with backups,
waits for a store that may have died with the other Mac.
"""


@dataclass(frozen=True)
class Records:
    """What the database's manifest depends on.

    image: the bundle's PostgreSQL, by name
    storage_class: whose volumes it claims
    plugins: CloudNativePG's plugins, as the manifest lists them
    """

    hospital: Hospital
    image: str
    storage_class: str
    plugins: Sequence[Mapping[str, Any]] = ()

    @property
    def instances(self) -> int:
        """One on each Mac."""
        return len(self.hospital.macs)

    @property
    def clocks(self) -> ClusterClocks:
        """The preset that goes with the hospital's detector."""
        return clocks_for(self.hospital)


def render_cluster(records: Records) -> dict[str, Any]:
    """The database: one instance per Mac, each commit on both while both live."""
    hospital, clocks = records.hospital, records.clocks
    lease = clocks.primary
    spec: dict[str, Any] = {
        "instances": records.instances,
        "imageName": records.image,
        "imagePullPolicy": "Never",
        "primaryUpdateStrategy": "unsupervised",
        "primaryUpdateMethod": "switchover" if records.instances > 1 else "restart",
        "priorityClassName": "medical-data",
        "resources": Share.of(hospital.budgets.data).resources,
        "storage": {"storageClass": records.storage_class, "size": hospital.database.size},
        "affinity": {
            "enablePodAntiAffinity": True,
            "podAntiAffinityType": "required",
            "topologyKey": "kubernetes.io/hostname",
            "tolerations": clocks.tolerations,
        },
        "enablePDB": records.instances > 1,
        "failoverDelay": 0,
        # A stop ends sessions at once: whoever is told to stop may be the isolated half.
        "smartShutdownTimeout": 0,
        "stopDelay": 30,
        "switchoverDelay": 20,
        "primaryLease": {
            "leaseDurationSeconds": lease.duration,
            "renewDeadlineSeconds": lease.renew,
            "retryPeriodSeconds": lease.retry,
        },
        "probes": PROBES,
        "env": [{"name": name, "value": value} for name, value in clocks.connection_environment.items()],
        "certificates": {"serverCASecret": AUTHORITY_SECRET, "serverTLSSecret": SERVER_SECRET},
        "postgresql": {
            "parameters": parameters(records),
            "pg_hba": PG_HBA,
            "enableAlterSystem": True,  # for RESTORE alone; nobody but the operator is a superuser
            **({"synchronous": SYNCHRONOUS} if records.instances > 1 else {}),
        },
        "replicationSlots": {"highAvailability": {"enabled": True, "synchronizeLogicalDecoding": True}},
        "bootstrap": {
            "initdb": {
                "database": DATABASE,
                "owner": OWNER,
                "secret": {"name": secret_name(OWNER)},
                "dataChecksums": True,
                "encoding": "UTF8",
                # PostgreSQL's own order of letters: an index outlives any change of the image's libraries.
                "localeProvider": "builtin",
                "builtinLocale": "C.UTF-8",
                "locale": "C.UTF-8",
                "postInitSQL": [f"ALTER SYSTEM SET restore_command = '{RESTORE}'"],
                "postInitApplicationSQL": SETUP,
            }
        },
        "managed": {"services": {"disabledDefaultServices": ["ro", "r"]}, "roles": ROLES},
        "monitoring": {
            "tls": {"enabled": True},
            # The operator's own come first in any case; without them here every preview would see a change.
            "customQueriesConfigMap": [
                {"name": "cnpg-default-monitoring", "key": "queries"},
                {"name": QUERIES, "key": "queries.yaml"},
            ],
        },
    }
    if records.plugins:
        spec["plugins"] = [dict(plugin) for plugin in records.plugins]
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": CLUSTER, "namespace": NAMESPACE},
        "spec": spec,
    }


SYNCHRONOUS: Mapping[str, Any] = {
    "method": "any",
    "number": 1,
    "dataDurability": "preferred",  # alone, an instance goes on serving
    "failoverQuorum": True,  # and whoever missed that is not promoted
}

PROBES: Mapping[str, Any] = {
    # Not of type streaming: while no standby counts, CloudNativePG 1.30 with failoverQuorum stops at a
    # setting that is not there yet, before it makes the slot that the standby would stream from.
    "startup": {"periodSeconds": 1, "timeoutSeconds": 3},
    "readiness": {"periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 4},
    # Fails only for a primary that reaches neither the API (0.5 s) nor the other instance (0.5 s). While that
    # one is away the API alone decides, so it gets as many tries as ten seconds allow: seven.
    "liveness": {
        "periodSeconds": 1,
        "timeoutSeconds": 4,
        "failureThreshold": 7,
        # Before it ends sessions CloudNativePG writes a checkpoint, however long that takes: not here.
        "terminationGracePeriodSeconds": 1,
        "isolationCheck": {"enabled": True, "requestTimeout": 500, "connectionTimeout": 500},
    },
}


def parameters(records: Records) -> dict[str, str]:
    """PostgreSQL's own settings, beside those that CloudNativePG decides."""
    hospital = records.hospital
    return {
        **memory_settings(Share.of(hospital.budgets.data), hospital.service.users),
        **log_settings(hospital.database.size),
        "archive_timeout": "30s",
        "wal_sender_timeout": SENDER_TIMEOUT,
        "wal_receiver_timeout": RECEIVER_TIMEOUT,
        "wal_retrieve_retry_interval": "500ms",
        # Both are asked for by logical slots that survive a failover.
        "hot_standby_feedback": "on",
        "sync_replication_slots": "on",
        "password_encryption": "scram-sha-256",
        # No value of a patient's record in a log.
        "log_parameter_max_length": "0",
        "log_min_error_statement": "panic",
        # CloudNativePG writes here whom its standby names were made of, and reads it in every round of its
        # instance manager, with SHOW. While no standby counts it writes nothing, and after a restart of
        # PostgreSQL SHOW then fails and ends the round (1.30, instance_sync.go), before slots and roles.
        # Empty means nobody to it; it replaces this whenever a standby counts.
        "cnpg.synchronous_standby_names_metadata": "",
    }


def render_queries() -> dict[str, Any]:
    """Our own measures of replication; the unit of each is in its name."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": QUERIES,
            "namespace": NAMESPACE,
            "labels": {"cnpg.io/reload": ""},
        },
        "data": {"queries.yaml": _QUERIES},
    }


_QUERIES = """\
# As the primary sees it; a standby that does not stream has no line, so count them.
records_standby:
  primary: true
  query: |
    SELECT application_name AS standby,
           COALESCE(EXTRACT(EPOCH FROM flush_lag), 0)::float8 AS flush_lag_seconds,
           COALESCE(EXTRACT(EPOCH FROM replay_lag), 0)::float8 AS replay_lag_seconds,
           COALESCE(pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn), 0)::float8 AS flush_lag_bytes
    FROM pg_stat_replication
    WHERE state = 'streaming'
  metrics:
    - standby: {usage: LABEL, description: Name of the instance}
    - flush_lag_seconds: {usage: GAUGE, description: Until a commit is safe on the standby}
    - replay_lag_seconds: {usage: GAUGE, description: Until a commit can be read there}
    - flush_lag_bytes: {usage: GAUGE, description: Log that is not safe there yet}
records_standbys:
  primary: true
  query: |
    SELECT count(*) FILTER (WHERE state = 'streaming') AS streaming_count,
           count(*) FILTER (WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum'))
             AS synchronous_count
    FROM pg_stat_replication
  metrics:
    - streaming_count: {usage: GAUGE, description: Standbys that receive}
    - synchronous_count: {usage: GAUGE, description: Standbys that every commit waits for}
"""
