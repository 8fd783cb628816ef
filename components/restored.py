"""The records as they were at a moment, beside the running ones: what a restore asks the cluster for.

Pure. The restored database is one instance with the live one's settings, from the same object store; it has
a volume of its own and archives nothing, so it can do no harm to what it was made from.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from components.backup_manifests import OBJECT_STORE, PLUGIN
from components.database_endpoints import CLUSTER, NAMESPACE
from components.network_policies import from_peers, pods
from components.operator_release import NAMESPACE as OPERATOR_NAMESPACE
from components.operator_release import OPERATOR, STATUS_PORT
from components.volumes import render_storage_class, render_volume

RESTORED = f"{CLUSTER}-restored"
INSTANCE = f"{RESTORED}-1"
_ORIGIN = "origin"
MEMORY = "512M"
_KEPT = ("imageName", "imagePullPolicy", "priorityClassName")
_LESS_MEMORY = {
    "shared_buffers": "64MB",
    "effective_cache_size": "256MB",
    "maintenance_work_mem": "32MB",
    "work_mem": "4MB",
}


def render_restored(live: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """The database as it was at ``moment`` (with a zone). ``live``: the running one, as the API shows it."""
    spec = live["spec"]
    # A standby's settings that recovery compares with the log (connections and such) must not be smaller.
    parameters = {**spec["postgresql"].get("parameters", {}), **_LESS_MEMORY}
    for unneeded in ("sync_replication_slots", "hot_standby_feedback"):
        parameters.pop(unneeded, None)
    return {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {"name": RESTORED, "namespace": NAMESPACE},
        "spec": {
            **{key: spec[key] for key in _KEPT if key in spec},
            "instances": 1,
            "enablePDB": False,
            "storage": {"storageClass": RESTORED, "size": spec["storage"]["size"]},
            "resources": {"requests": {"memory": MEMORY, "cpu": "100m"}, "limits": {"memory": MEMORY}},
            "postgresql": {"parameters": parameters},
            "managed": {"services": {"disabledDefaultServices": ["ro", "r"]}},
            "bootstrap": {
                "recovery": {
                    "source": _ORIGIN,
                    "recoveryTarget": {"targetTime": moment.astimezone(UTC).isoformat(sep=" ")},
                }
            },
            "externalClusters": [
                {
                    "name": _ORIGIN,
                    "plugin": {
                        "name": PLUGIN,
                        "parameters": {"barmanObjectName": OBJECT_STORE, "serverName": CLUSTER},
                    },
                }
            ],
        },
    }


def render_place(machine: str, size: str) -> list[dict[str, Any]]:
    """What it stands on: a volume on ``machine``, and the ways that the live one has, beside its own."""
    return [
        render_storage_class(RESTORED),
        render_volume(RESTORED, size, machine),
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": RESTORED, "namespace": NAMESPACE},
            # Nobody but the operator reaches it. It may reach whatever lets it in: the store, the API, names.
            "spec": {
                "podSelector": {"matchLabels": {"cnpg.io/cluster": RESTORED}},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [from_peers([pods(OPERATOR, OPERATOR_NAMESPACE)], STATUS_PORT)],
                "egress": [{}],
            },
        },
    ]
