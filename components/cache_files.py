"""What the cache's servers and Sentinels read, as text: settings, and who may do what.

Passwords are in none of these texts: the containers add them from secret files, and the lists of users hold
their SHA-256 (which is no weakness: a password here has more than 190 random bits, nobody can search for it).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from components.cache_endpoints import CACHE, PORT, SENTINEL_PORT
from infra.config.model import Hospital
from infra.config.units import storage_bytes

USERS = ("app", "replica", "sentinel", "keeper", "monitor")
"""app: the hospital's services. replica: a server towards its primary. sentinel: a Sentinel towards servers
and other Sentinels. keeper: the guard beside each server. monitor: probes and metrics."""

DOWN_AFTER_MS = 1000
"""Silence after which a Sentinel holds a server for dead; it asks as often, so it notices within 2 s."""
FAILOVER_TIMEOUT_MS = 3000
"""A failover that was not finished is tried again after twice this. The first votes may be split, and the
second round must still end within the cache's 10 s."""
MAX_LAG = 2
"""Seconds without a word from the replica after which a write is refused, unless the Sentinels vouch."""

SENTINEL_MEMORY = 64 * 2**20
KEEPER_MEMORY = 32 * 2**20
HELPER_CPU = 20
"""Thousandths of a core for a Sentinel or a keeper."""
SENTINEL_CPU = 300
"""Never more: while a machine is away Valkey 8.1 tries to connect to it without a pause (an ICMP error leaves
EPOLLERR on the socket, which libvalkey answers with another connect), up to 84 % of a core."""

_MEMORY_SHARE = 1 / 4
_CPU_SHARE = 1 / 8
"""Of a Mac's data budget, a Sentinel and a keeper included; the medical records have most of the rest."""
_DATA_SHARE = 0.6
"""Of a server's memory; the rest is for copies while the log is written anew, and for buffers."""
_LOG_SHARE = 3
"""The log needs up to three times the data while it is written anew."""
_GB = 10**9

_SERVER_RULES = {
    "app": "~* &* +@all -@admin -@dangerous +info",
    "replica": "+psync +replconf +ping",
    "sentinel": (
        "&* +multi +exec +slaveof +replicaof +ping +role +publish +subscribe +info +config|rewrite"
        " +client|setname +client|kill +script|kill"
    ),
    "keeper": "+ping +info +config|set +client|kill",
    "monitor": "+ping +info +role +latency +slowlog|len",
}
_ASK = "+ping +hello +info +client|setname +client|setinfo"
_SENTINEL_RULES = {
    "app": (
        f"&* {_ASK} +subscribe +psubscribe +sentinel|get-master-addr-by-name"
        " +sentinel|get-primary-addr-by-name +sentinel|masters +sentinel|primaries +sentinel|master"
        " +sentinel|primary +sentinel|replicas +sentinel|slaves +sentinel|sentinels"
    ),
    "sentinel": "&* +@all",
    "keeper": f"{_ASK} +sentinel|get-master-addr-by-name +sentinel|master",
    "monitor": f"{_ASK} +sentinel|masters +sentinel|master +sentinel|ckquorum +sentinel|replicas",
}


@dataclass(frozen=True)
class CacheSize:
    """What one server may use: ``memory`` and ``data`` in bytes (data is what clients store), CPU in
    thousandths of a core."""

    memory: int
    data: int
    cpu: int

    @classmethod
    def of(cls, hospital: Hospital) -> "CacheSize":
        """The cache's share of the data budget, and never more data than its volume can log."""
        budget = hospital.budgets.data
        memory = int(budget.memory_gb * _GB * _MEMORY_SHARE) - SENTINEL_MEMORY - KEEPER_MEMORY
        data = min(int(memory * _DATA_SHARE), storage_bytes(hospital.cache.size) // _LOG_SHARE)
        return cls(memory, data, int(budget.cpu_cores * 1000 * _CPU_SHARE) - 2 * HELPER_CPU)


def render_server(hospital: Hospital) -> str:
    """Settings of every server; server.sh adds who its primary is and under which address it is known.

    Every write is on the disk before it is acknowledged (appendfsync always). Data is never evicted: queues
    are in it, and a full cache says so instead of forgetting. With one Mac there is no replica to wait for.
    """
    alone = len(hospital.macs) == 1
    return f"""\
bind *
protected-mode no
{_tls(PORT)}
unixsocket /run/valkey/valkey.sock
unixsocketperm 700
aclfile /credentials/users.acl
primaryuser replica
dir /data
save ""
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
aof-load-truncated yes
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 16mb
maxmemory {CacheSize.of(hospital).data}
maxmemory-policy noeviction
maxclients {hospital.service.users * 5}
timeout 0
tcp-keepalive 10
repl-ping-replica-period 1
repl-timeout 10
repl-backlog-size 16mb
repl-diskless-sync-delay 0
replica-announce-port {PORT}
replica-serve-stale-data yes
min-replicas-to-write {0 if alone else 1}
min-replicas-max-lag {MAX_LAG}
shutdown-timeout 5
"""


def render_sentinel() -> str:
    """Settings of every Sentinel, apart from what it watches."""
    return f"""\
bind *
protected-mode no
{_tls(SENTINEL_PORT)}
dir /data
aclfile /credentials/users.acl
sentinel sentinel-user sentinel
sentinel announce-port {SENTINEL_PORT}
sentinel deny-scripts-reconfig yes
"""


def render_watch() -> str:
    """How a Sentinel watches the cache; goes after the line that names the primary."""
    return f"""\
sentinel auth-user {CACHE} sentinel
sentinel down-after-milliseconds {CACHE} {DOWN_AFTER_MS}
sentinel failover-timeout {CACHE} {FAILOVER_TIMEOUT_MS}
sentinel parallel-syncs {CACHE} 1
"""


def render_server_users(passwords: Mapping[str, str]) -> str:
    """Who may do what on a server; nobody without a name. Raises KeyError for a missing password."""
    return _users(_SERVER_RULES, passwords)


def render_sentinel_users(passwords: Mapping[str, str]) -> str:
    """Who may do what on a Sentinel."""
    return _users(_SENTINEL_RULES, passwords)


def _users(rules: Mapping[str, str], passwords: Mapping[str, str]) -> str:
    lines = ["user default off"]
    for name, rule in rules.items():
        digest = hashlib.sha256(passwords[name].encode()).hexdigest()
        lines.append(f"user {name} on #{digest} resetkeys resetchannels -@all {rule}")
    return "\n".join(lines) + "\n"


def _tls(port: int) -> str:
    """Nothing in the clear; both ends of every connection: one shows a certificate, the other a password."""
    return f"""\
port 0
tls-port {port}
tls-cert-file /certificate/tls.crt
tls-key-file /certificate/tls.key
tls-ca-cert-file /certificate/ca.crt
tls-auth-clients no
tls-replication yes
tls-protocols "TLSv1.3\""""
