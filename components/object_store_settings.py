"""What the object store's parts and their doors read when they start. Pure: values in, text out."""

from collections.abc import Mapping

from components.object_store_endpoints import (
    INTERNAL_PORT,
    PEER_PORT,
    REGION,
    StorePart,
    replicas,
    store_parts,
)
from infra.config.model import Hospital

LOCAL_PORT, ADMIN_PORT, HEALTH_PORT = 3902, 3903, 3980

_PATIENCE_MS = 10_000
"""Of one part with another. By itself the store would wait 5 minutes for a dead machine."""
_MEMORY_SHARE = 0.05
_GB = 10**9


def memory(hospital: Hospital) -> int:
    """Bytes for each part: its share of a Mac's data budget."""
    return int(hospital.budgets.data.memory_gb * _MEMORY_SHARE * _GB)


def render_settings(hospital: Hospital, part: StorePart, identities: Mapping[str, str]) -> str:
    """Garage's settings for ``part``; ``identities``: part -> its public identity (hex)."""
    peers = ", ".join(
        f'"{identities[one.name]}@{one.address}:{PEER_PORT}"' for one in store_parts(hospital) if one != part
    )
    return f"""\
metadata_dir = "/store"
data_dir = "/store/data"
db_engine = "lmdb"
metadata_fsync = true
data_fsync = true
metadata_auto_snapshot_interval = "6h"
replication_factor = {replicas(hospital)}
block_ram_buffer_max = {memory(hospital) // 4}
rpc_secret_file = "/peers/secret"
allow_world_readable_secrets = true
rpc_bind_addr = "0.0.0.0:{PEER_PORT}"
rpc_public_addr = "{part.address}:{PEER_PORT}"
rpc_timeout_msec = {_PATIENCE_MS}
rpc_ping_timeout_msec = {_PATIENCE_MS // 5}
bootstrap_peers = [{peers}]

[s3_api]
api_bind_addr = "127.0.0.1:{LOCAL_PORT}"
s3_region = "{REGION}"

[admin]
api_bind_addr = "127.0.0.1:{ADMIN_PORT}"
"""


def render_door() -> str:
    """HAProxy's configuration: TLS in front of the store, and one bare question for the probes."""
    return f"""\
global
    maxconn 200
    nbthread 1
    log stdout format raw local0 notice

defaults
    mode http
    log global
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout http-request 10s

frontend s3
    bind :{INTERNAL_PORT} ssl crt /certificate/store.pem ssl-min-ver TLSv1.3
    default_backend store

backend store
    server store 127.0.0.1:{LOCAL_PORT}

frontend health
    bind :{HEALTH_PORT}
    http-request deny unless {{ path /health }}
    default_backend health

backend health
    server store 127.0.0.1:{ADMIN_PORT}
"""
