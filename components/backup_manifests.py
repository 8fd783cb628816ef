"""Backups of the records as Kubernetes objects: upstream's plugin for CloudNativePG, and what it has to do.

The plugin is Barman Cloud (barman-cloud.cloudnative-pg.io): one program beside the operator, and a sidecar
beside every instance that carries base backups and the write-ahead log into the object store. Upstream's
release comes with the toolchain (``barman-manifest``). Pure: manifests in, manifests out.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pulumi

from components.clocks import ClusterClocks, clocks_for
from components.database_endpoints import CLUSTER, NAMESPACE
from components.network_policies import from_peers, pods, policy, to_names, to_peers, to_the_api
from components.object_store_endpoints import INTERNAL_PORT
from components.object_store_endpoints import NAME as STORE
from components.object_store_endpoints import NAMESPACE as STORE_NAMESPACE
from components.operator_release import INSTANCES, OPERATOR, without_descriptions
from components.operator_release import NAMESPACE as OPERATOR_NAMESPACE
from infra.config.model import Hospital

PLUGIN = "barman-cloud.cloudnative-pg.io"
PLUGIN_IMAGE = "ghcr.io/cloudnative-pg/plugin-barman-cloud:v0.14.0"
SIDECAR_IMAGE = "ghcr.io/cloudnative-pg/plugin-barman-cloud-sidecar:v0.14.0"
PLUGIN_LABELS: Mapping[str, str] = {"app": "barman-cloud"}
PLUGIN_PORT = 9090
CERTIFICATE_NAME = "barman-cloud"
"""The plugin's Service, which is the name that the operator looks for in the certificate."""
SERVER_SECRET, CLIENT_SECRET = "barman-cloud-server-tls", "barman-cloud-client-tls"

OBJECT_STORE = CLUSTER
"""Name of the ObjectStore resource: where the records' backups go."""
KEY_SECRET = f"{CLUSTER}-backup-key"
AUTHORITY_SECRET = f"{CLUSTER}-backup-authority"
SCHEDULE = "0 0 2 * * *"
"""Seconds first: every night at two o'clock of the cluster (UTC)."""

_NOT_OURS = ("Certificate", "Issuer")
SIDECAR_MEMORY = "384M"
_UNWANTED = ("--leader-elect", "--log-level")


@dataclass(frozen=True)
class Bucket:
    """Where the backups go: an S3 endpoint (URL), its region and bucket."""

    endpoint: str
    region: str
    bucket: str


def backup_plugin(store: str = OBJECT_STORE) -> dict[str, Any]:
    """An entry of the Cluster's ``spec.plugins``: archive the log of this database in ``store``."""
    return {
        "name": PLUGIN,
        "enabled": True,
        "isWALArchiver": True,
        "parameters": {"barmanObjectName": store},
    }


def render_plugin(release: Iterable[Mapping[str, Any]], hospital: Hospital) -> list[dict[str, Any]]:
    """Upstream's release with certificates of ours (:func:`render_certificate`) and a plugin on each Mac.

    An operator that does not reach its plugins leaves the database alone, also one that lost its primary. So
    every plugin answers, instead of the one that leads, and the nearest is asked first.
    """
    ours = [one for one in release if one["kind"] not in _NOT_OURS and not _settings(one)]
    return [_fitted(one, len(hospital.macs), clocks_for(hospital)) for one in ours]


def _settings(manifest: Mapping[str, Any]) -> bool:
    """Upstream's secret with the sidecar's name: no secret, and the name is ours."""
    return manifest["kind"] == "Secret" and "SIDECAR_IMAGE" in manifest.get("data", {})


def _fitted(manifest: Mapping[str, Any], replicas: int, clocks: ClusterClocks) -> dict[str, Any]:
    if manifest["kind"] == "CustomResourceDefinition":
        return dict(without_descriptions(manifest))
    fitted = deepcopy(dict(manifest))
    if manifest["kind"] == "Service":
        fitted["spec"]["trafficDistribution"] = "PreferSameNode"
        # What answers behind it comes later; that is waited for.
        fitted["metadata"].setdefault("annotations", {})["pulumi.com/skipAwait"] = "true"
    if manifest["kind"] == "Deployment":
        _fit_deployment(fitted["spec"], replicas, clocks)
    return fitted


def _fit_deployment(spec: dict[str, Any], replicas: int, clocks: ClusterClocks) -> None:
    spec["replicas"] = replicas
    spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    pod = spec["template"]["spec"]
    pod["priorityClassName"] = "medical-data"
    pod["tolerations"] = clocks.tolerations
    pod["topologySpreadConstraints"] = [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": dict(PLUGIN_LABELS)},
        }
    ]
    (container,) = pod["containers"]
    container["image"] = PLUGIN_IMAGE
    container["imagePullPolicy"] = "Never"
    container["args"] = [one for one in container["args"] if not one.startswith(_UNWANTED)]
    container["env"] = [
        {"name": "SIDECAR_IMAGE", "value": SIDECAR_IMAGE},
        *({"name": name, "value": value} for name, value in clocks.connection_environment.items()),
    ]
    container["readinessProbe"] |= {"initialDelaySeconds": 1, "periodSeconds": 2}
    container["resources"] = {
        "requests": {"cpu": "20m", "memory": "64M"},
        "limits": {"memory": "200M"},
    }


def render_certificate(name: str, certificate: pulumi.Input[str], key: pulumi.Input[str]) -> dict[str, Any]:
    """One of the plugin's two certificates."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": OPERATOR_NAMESPACE},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": certificate, "tls.key": key},
    }


def render_doors(hospital: Hospital) -> list[dict[str, Any]]:
    """Operator to plugin, plugin to the API, instances to the store; all beside what is open already."""
    plugin = pods(PLUGIN_LABELS)
    store = pods({"app.kubernetes.io/name": STORE}, STORE_NAMESPACE)
    return [
        policy(
            "barman-cloud",
            OPERATOR_NAMESPACE,
            PLUGIN_LABELS,
            ingress=[from_peers([pods(OPERATOR)], PLUGIN_PORT)],
            egress=[to_the_api(hospital), to_names()],
        ),
        policy(
            "operator-to-barman-cloud",
            OPERATOR_NAMESPACE,
            OPERATOR,
            egress=[to_peers([plugin], PLUGIN_PORT)],
        ),
        policy(
            f"{CLUSTER}-backups",
            NAMESPACE,
            INSTANCES,
            egress=[to_peers([store], INTERNAL_PORT)],
        ),
    ]


def render_credentials(
    access: pulumi.Input[str], secret: pulumi.Input[str], region: str, authority: pulumi.Input[str]
) -> list[dict[str, Any]]:
    """The key to the bucket, and who vouches for the endpoint."""
    key = {"ACCESS_KEY_ID": access, "ACCESS_SECRET_KEY": secret, "REGION": region}
    return [
        {**_head("v1", "Secret", KEY_SECRET), "type": "Opaque", "stringData": key},
        {**_head("v1", "Secret", AUTHORITY_SECRET), "type": "Opaque", "stringData": {"ca.crt": authority}},
    ]


def render_object_store(
    bucket: Bucket, retention_days: int, *, name: str = OBJECT_STORE, namespace: str = NAMESPACE
) -> dict[str, Any]:
    """Where backups go, how they are packed, for how long they are kept, and what their carrier may use."""
    return {
        **_head("barmancloud.cnpg.io/v1", "ObjectStore", name, namespace),
        "spec": {
            "retentionPolicy": f"{retention_days}d",
            "configuration": {
                "destinationPath": f"s3://{bucket.bucket}/",
                "endpointURL": bucket.endpoint,
                "endpointCA": {"name": AUTHORITY_SECRET, "key": "ca.crt"},
                "s3Credentials": {
                    "accessKeyId": {"name": KEY_SECRET, "key": "ACCESS_KEY_ID"},
                    "secretAccessKey": {"name": KEY_SECRET, "key": "ACCESS_SECRET_KEY"},
                    "region": {"name": KEY_SECRET, "key": "REGION"},
                },
                "wal": {"compression": "lz4", "maxParallel": 2},
                "data": {"immediateCheckpoint": True},  # packed by the store itself
            },
            "instanceSidecarConfiguration": {
                # A promotion asks the archive before it opens: a store that is away must say so soon.
                "env": [{"name": "AWS_MAX_ATTEMPTS", "value": "2"}],
                "resources": {
                    "requests": {"cpu": "20m", "memory": "64M"},
                    "limits": {"memory": SIDECAR_MEMORY},
                },
            },
        },
    }


def render_schedule() -> dict[str, Any]:
    """A base backup every night, and one at once; taken from the standby while there is one."""
    return {
        **_head("postgresql.cnpg.io/v1", "ScheduledBackup", f"{CLUSTER}-nightly"),
        "spec": {
            "schedule": SCHEDULE,
            "immediate": True,
            "backupOwnerReference": "self",
            "target": "prefer-standby",
            "cluster": {"name": CLUSTER},
            "method": "plugin",
            "pluginConfiguration": {"name": PLUGIN},
        },
    }


def _head(version: str, kind: str, name: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
