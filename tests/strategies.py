"""Any hospital that the rules accept, for property-based tests of what is rendered from it."""

import base64
import struct
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from infra.config import ports
from infra.config.load import read_hospital
from infra.config.model import Edge, Hospital
from infra.config.rto import SETTINGS_ALONE_MS, Clocks, RecordsClocks
from infra.config.units import format_duration

# How fast a whole hospital is made up says something about the computer's other work, not about the code.
settings.register_profile("hospitals", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hospitals")

Value = TypeVar("Value")

_ROLES = {
    "mvp": ("primary",),
    "prod": ("primary", "secondary", "witness"),
    "lab": ("primary", "secondary", "witness"),
}
_MODES = {
    "mvp": ("disabled", "emergency"),
    "prod": ("disabled", "emergency", "hybrid"),
    "lab": ("disabled", "emulated"),
}
_CLUSTER_BLOCKS = ("10.244.0.0", "10.96.0.0", "10.254.0.0", "172.20.0.0", "172.24.0.0")
_CLOUD_NETWORKS = ("10.80.0.0/16", "172.31.128.0/20", "192.168.255.0/24")

names = st.from_regex(r"[a-z]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
domains = st.lists(names, min_size=2, max_size=4).map(".".join)
institutions = st.fixed_dictionaries(
    {"name": st.sampled_from(["Hospital Exemplo", "H", "Santa Casa de São João d'El-Rei (SP) & Cia."])},
    optional={"cnes": st.from_regex(r"[0-9]{7}", fullmatch=True)},
)
interfaces = st.sampled_from(["eth0", "en0", "lima0", "enp1s0f0np0", "br-lan", "bond0.100"])


def durations(least_ms: int, most_ms: int, step_ms: int = 1) -> st.SearchStrategy[str]:
    """Durations from ``least_ms`` to ``most_ms`` as a person would write them."""
    counts = st.integers(least_ms // step_ms, most_ms // step_ms)
    return counts.map(lambda count: format_duration(count * step_ms / 1000))


def unique(values: st.SearchStrategy[Value], count: int) -> st.SearchStrategy[list[Value]]:
    """Exactly ``count`` different values."""
    return st.lists(values, min_size=count, max_size=count, unique=True)


def hosts(network: IPv4Network, count: int) -> st.SearchStrategy[list[str]]:
    """``count`` different host addresses of ``network``."""
    numbers = st.integers(1, network.num_addresses - 2)
    return unique(numbers, count).map(lambda chosen: [str(network[number]) for number in chosen])


def _is_free_port(port: int) -> bool:
    return port != 2222 and port not in ports.FIXED


@st.composite
def host_keys(draw: st.DrawFn) -> str:
    """A well-formed ed25519 public host key."""
    key = draw(st.binary(min_size=32, max_size=32))
    blob = struct.pack(">I", 11) + b"ssh-ed25519" + struct.pack(">I", 32) + key
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


@st.composite
def lan_networks(draw: st.DrawFn) -> IPv4Network:
    """A private network with room for every machine of a hospital."""
    block = IPv4Network(draw(st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])))
    prefix = draw(st.integers(16, 27))
    offset = draw(st.integers(0, 2 ** (prefix - block.prefixlen) - 1)) << (32 - prefix)
    return IPv4Network((int(block[0]) + offset, prefix))


@st.composite
def hospital_documents(draw: st.DrawFn, stack: str | None = None) -> dict[str, Any]:
    """What a valid stack file says, as plain data; of ``stack`` when one is named."""
    stack = stack or draw(st.sampled_from(sorted(_ROLES)))
    network = draw(lan_networks())
    gateway, floating, *addresses = draw(hosts(network, count=8))
    free_ports = st.integers(1024, 65535).filter(_is_free_port)
    service_port, stats_port, detector_port = draw(unique(free_ports, 3))
    dead_ms = draw(st.integers(1000, 20_000))
    detector = {
        "enabled": draw(st.booleans()),
        "port": draw(st.integers(1024, 65535)),
        "metrics_port": detector_port,
        "dead": format_duration(dead_ms / 1000),
    }
    users = draw(st.integers(1, 2000))
    edge = draw(edges(floating))
    worst_ms = Clocks.of(Edge.model_validate(edge)).worst_case
    if stack != "mvp":
        records_ms = RecordsClocks(dead_ms).worst_case if detector["enabled"] else SETTINGS_ALONE_MS
        worst_ms = max(worst_ms, records_ms)
    promise_ms = draw(st.integers(worst_ms, 2 * worst_ms))
    servers = st.lists(st.sampled_from([gateway, str(network[1]), "10.20.30.40"]), min_size=1, max_size=3)
    document = {
        "name": draw(names),
        "stack": stack,
        "domain": draw(domains),
        "institution": draw(institutions),
        "lan": {"network": str(network), "gateway": gateway, "dns": draw(servers), "ntp": draw(servers)},
        "nodes": draw(machines(stack, addresses)),
        "budgets": {share: draw(budgets()) for share in ("ai", "api", "data")},
        "edge": {
            **edge,
            "stats_port": stats_port,
            "max_connections": draw(st.integers(max(100, users), 99_999)),
        },
        "service": {
            "port": service_port,
            "users": users,
            "memory_gb": draw(st.integers(2, 100)),
            "start_percent": draw(st.integers(5, 100)),
        },
        "failover": {
            "primary_rto": format_duration(promise_ms / 1000),
            "both_lost_rto": draw(durations(promise_ms, 20 * promise_ms)),
        },
        "kubernetes": draw(cluster_networks(network)),
        "detector": detector,
        "database": {"size": draw(st.sampled_from(["1Gi", "500Gi", "4Ti"]))},
        "cache": {"size": draw(st.sampled_from(["256Mi", "64Gi"]))},
        "backup": {"size": draw(st.sampled_from(["1Gi", "2Ti"]))},
        "cloud": draw(clouds(stack, network)),
    }
    if draw(st.booleans()):
        document["ups"] = draw(batteries())
    if draw(st.booleans()):
        document["identity_provider"] = draw(providers(network))
    return document


@st.composite
def machines(draw: st.DrawFn, stack: str, addresses: list[str]) -> dict[str, Any]:
    """The nodes of ``stack`` by name; ``addresses`` holds two for each."""
    roles = draw(st.permutations(_ROLES[stack]))
    zones = draw(unique(names, len(roles)))
    keys = draw(st.just([None] * len(roles)) | unique(host_keys(), len(roles)))
    linux = [stack == "lab" or role == "witness" or draw(st.booleans()) for role in roles]
    architectures = st.sampled_from(["x86_64", "aarch64"])
    macs = draw(architectures) if all(linux) else "aarch64"  # as the guests of the others
    nodes: dict[str, Any] = {}
    for index, name in enumerate(draw(unique(names, len(roles)))):
        is_linux_mac = linux[index] and roles[index] != "witness"
        user, port = draw(st.sampled_from(["admin", "_ops", "ti-1"])), draw(st.sampled_from([22, 2222]))
        nodes[name] = {
            "role": roles[index],
            "platform": "linux" if linux[index] else "macos",
            "address": addresses[2 * index],
            "zone": zones[index],
            "interface": draw(interfaces),
            "architecture": macs if is_linux_mac else draw(architectures),
            "ssh": {"user": user, "port": port, "host_key": keys[index]},
        }
        if not linux[index]:
            nodes[name]["guest"] = {"address": addresses[2 * index + 1], "interface": draw(interfaces)}
    return nodes


def budgets() -> st.SearchStrategy[dict[str, int]]:
    """A virtual node that fits three times into a Mac Studio and once around any generated service."""
    return st.fixed_dictionaries(
        {
            "memory_gb": st.integers(100, 170),
            "cpu_cores": st.integers(1, 10),
            "gpu_cores": st.integers(0, 26),
            "neural_engine_cores": st.integers(0, 10),
        }
    )


@st.composite
def cluster_networks(draw: st.DrawFn, lan: IPv4Network) -> dict[str, str]:
    """The cluster's own networks, apart from ``lan``, from every cloud network and from each other."""
    free = [block for block in _CLUSTER_BLOCKS if not IPv4Network(f"{block}/16").overlaps(lan)]
    pods, services, local = draw(unique(st.sampled_from(free), 3))
    return {
        "pod_network": f"{pods}/{draw(st.integers(16, 22))}",
        "service_network": f"{services}/{draw(st.integers(16, 17))}",
        "local_api": str(IPv4Network(f"{local}/24")[draw(st.integers(1, 254))]),
    }


@st.composite
def batteries(draw: st.DrawFn) -> dict[str, Any]:
    """A UPS that lasts for an orderly shutdown."""
    runtime_s = draw(st.integers(300, 7200))
    least = -(-30_000 // runtime_s)
    return {"runtime": f"{runtime_s}s", "shutdown_below_percent": draw(st.integers(least, 100))}


@st.composite
def providers(draw: st.DrawFn, lan: IPv4Network) -> dict[str, str]:
    """An identity provider somewhere else than on ``lan``."""
    addresses = ("10.20.30.41", "172.31.0.7", "192.168.255.7")
    port, path = draw(st.sampled_from(["", ":8443"])), draw(st.sampled_from(["", "/", "/realms/clinica"]))
    return {
        "issuer": f"https://{draw(domains)}{port}{path}",
        "address": next(one for one in addresses if IPv4Address(one) not in lan),
        "client": draw(st.sampled_from(["prontuario", "Prontuario_2.0"])),
    }


@st.composite
def edges(draw: st.DrawFn, address: str) -> dict[str, Any]:
    """An edge at ``address`` with any clocks HAProxy and keepalived accept."""
    interval = draw(st.integers(20, 5000))
    return {
        "address": address,
        "health_check": {
            "interval": format_duration(interval / 1000),
            "fast_interval": draw(durations(10, interval)),
            "down_interval": draw(durations(10, 60_000)),
            "timeout": draw(durations(10, 5000)),
            "failures": draw(st.integers(1, 20)),
            "successes": draw(st.integers(1, 20)),
        },
        "vrrp": {"router_id": draw(st.integers(1, 255)), "advert": draw(durations(10, 40_950, step_ms=10))},
        "connect_timeout": draw(durations(1, 10_000)),
        "server_timeout": draw(durations(100, 600_000)),
    }


@st.composite
def clouds(draw: st.DrawFn, stack: str, lan: IPv4Network) -> dict[str, Any]:
    """A cloud that ``stack`` knows, apart from ``lan``."""
    mode = draw(st.sampled_from(_MODES[stack]))
    if mode == "disabled" or (mode == "emulated" and draw(st.booleans())):
        return {"mode": mode}
    network = next(choice for choice in _CLOUD_NETWORKS if not IPv4Network(choice).overlaps(lan))
    project = draw(st.from_regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", fullmatch=True))
    return {"mode": mode, "project": project, "region": "southamerica-east1", "network": network}


def hospitals(stack: str | None = None) -> st.SearchStrategy[Hospital]:
    """Any valid hospital; of ``stack`` (mvp, prod or lab) when one is named."""
    return hospital_documents(stack).map(read_hospital)
