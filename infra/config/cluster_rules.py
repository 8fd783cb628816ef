"""The cluster's own networks, its detector, and what its data needs of the machines."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from infra.config.model import Hospital
from infra.config.network_rules import PRIVATE
from infra.config.problems import Path, Problem, dotted
from infra.config.units import format_duration, storage_bytes

LEAST_DEAD = 1.0
"""Seconds. A machine with much to do is silent for up to half a second; twice that is no accident."""
_PODS: Path = ("kubernetes", "pod_network")
_SERVICES: Path = ("kubernetes", "service_network")
_LOCAL_API: Path = ("kubernetes", "local_api")
_DEAD: Path = ("detector", "dead")
_KEEP: Path = ("keep_data",)

_PODS_PER_MACHINE = 256
_SERVICE_BITS = range(12, 18)
"""Prefix lengths: Kubernetes takes no larger network, and the fixed addresses of the records, the cache, the
object store and the services (components/*_endpoints.py) lie up to the 21 000th place."""
_TERA = 10**12
_FREE_SHARE = 0.1
"""Of a Mac's disk: the system, the images and the models."""
_LEAST_RECORDS = "1Gi"


def cluster_networks_are_private(hospital: Hospital) -> Iterator[Problem]:
    """No address of a pod is somebody's on the internet."""
    for path, network in _cluster_networks(hospital):
        if not any(network.subnet_of(block) for block in PRIVATE):
            blocks = ", ".join(map(str, PRIVATE))
            yield Problem(path, _text(network), f"not private: choose one inside {blocks}")


def cluster_networks_are_apart(hospital: Hospital) -> Iterator[Problem]:
    """An address means one place: the LAN, the cloud, a server, a pod, a service or the local API."""
    known: list[tuple[Path, IPv4Network]] = [(("lan", "network"), hospital.lan.network)]
    if hospital.cloud.network is not None:
        known.append((("cloud", "network"), hospital.cloud.network))
    for kind, servers in (("dns", hospital.lan.dns), ("ntp", hospital.lan.ntp)):
        known += [(("lan", kind, index), IPv4Network(one)) for index, one in enumerate(servers)]
    for path, network in _cluster_networks(hospital):
        for other, taken in known:
            if network.overlaps(taken):
                where = f"{dotted(other)} ({_text(taken)})"
                rule = f"overlaps {where}: choose one apart from it, such as {_apart(known, network)}"
                yield Problem(path, _text(network), rule, (other,))
                break
        known.append((path, network))


def every_machine_has_room_for_its_pods(hospital: Hospital) -> Iterator[Problem]:
    """Each machine takes a /24 of the pods' network, in the order of the nodes."""
    network, machines = hospital.kubernetes.pod_network, len(hospital.nodes)
    if network.num_addresses < machines * _PODS_PER_MACHINE:
        prefix = 24 - (machines - 1).bit_length()
        rule = f"too small for a /24 on each of {machines} machines: make it a /{prefix} or larger"
        yield Problem(_PODS, str(network), rule, (("nodes",),))
    elif network.prefixlen < 8:
        yield Problem(_PODS, str(network), "larger than Kubernetes can share out: make it a /8 or smaller")


def services_have_room(hospital: Hospital) -> Iterator[Problem]:
    """The records, the cache, the object store and our own services have fixed places in it."""
    network = hospital.kubernetes.service_network
    if network.prefixlen not in _SERVICE_BITS:
        size = "large" if network.prefixlen < _SERVICE_BITS[0] else "small"
        rule = f"too {size}: make it a /{_SERVICE_BITS[0]} to /{_SERVICE_BITS[-1]}, such as 10.96.0.0/16"
        yield Problem(_SERVICES, str(network), rule)


def silence_is_more_than_a_stall(hospital: Hospital) -> Iterator[Problem]:
    """A machine that is only busy must not pass for dead; how long is too long, the promise says."""
    dead = hospital.detector.dead
    if dead < LEAST_DEAD:
        least = format_duration(LEAST_DEAD)
        rule = f"a machine with much to do is silent for that long: raise it to {least} or more"
        yield Problem(_DEAD, format_duration(dead), rule)


def data_fits_the_disks(hospital: Hospital) -> Iterator[Problem]:
    """A Mac holds the records, the cache and its part of the object store; the witness that part alone."""
    sizes: dict[str, Path] = {name: (name, "size") for name in ("database", "cache", "backup")}
    for machine, node in hospital.nodes.items():
        held = {name: getattr(hospital, name).size for name in sizes if node.is_mac or name == "backup"}
        total = sum(map(storage_bytes, held.values())) / _TERA
        usable = node.hardware.storage_tb * (1 - _FREE_SHARE)
        if total <= usable:
            continue
        largest = max(held, key=lambda name: storage_bytes(held[name]))
        hardware: Path = ("nodes", machine, "hardware")
        terms = " + ".join(f"{name} {size}" for name, size in held.items())
        yield Problem(
            sizes[largest],
            held[largest],
            f"{terms} = {total:.2f} TB exceeds nine tenths of {dotted(hardware)}.storage_tb "
            f"({usable:.2f} TB): lower them by {total - usable:.2f} TB",
            (*(sizes[name] for name in held), hardware, ("nodes", machine, "role")),
        )


def records_have_room_to_work(hospital: Hospital) -> Iterator[Problem]:
    """Below this PostgreSQL's own log leaves no room for patients."""
    size = hospital.database.size
    if storage_bytes(size) < storage_bytes(_LEAST_RECORDS):
        yield Problem(
            ("database", "size"),
            size,
            f"too small for a database's own log: raise it to {_LEAST_RECORDS} or more",
        )


def pools_can_run_something(hospital: Hospital) -> Iterator[Problem]:
    """A pool whose quota is nothing starts no pod: the records and the services need a core and memory."""
    for pool, memory in (("data", 2), ("api", 1)):
        budget = getattr(hospital.budgets, pool)
        for resource, least in (("memory_gb", memory), ("cpu_cores", 1)):
            found = getattr(budget, resource)
            if found < least:
                rule = f"nothing of the {pool} pool can start with that: raise it to {least} or more"
                yield Problem(("budgets", pool, resource), str(found), rule)


def patients_data_is_kept(hospital: Hospital) -> Iterator[Problem]:
    """Only a virtual hospital, whose patients are made up, may forget them when it is destroyed."""
    if hospital.keep_data or hospital.stack == "lab":
        return
    rule = "patients' data must outlive any update and `pulumi destroy`: remove this key"
    reads: tuple[Path, ...] = (("stack",), *(("nodes", name, "platform") for name in hospital.nodes))
    if hospital.stack == "prod" or any(node.platform == "macos" for node in hospital.nodes.values()):
        yield Problem(_KEEP, "false", rule, reads)


def _cluster_networks(hospital: Hospital) -> Iterator[tuple[Path, IPv4Network]]:
    yield _PODS, hospital.kubernetes.pod_network
    yield _SERVICES, hospital.kubernetes.service_network
    yield _LOCAL_API, IPv4Network(hospital.kubernetes.local_api)


def _apart(known: list[tuple[Path, IPv4Network]], like: IPv4Network) -> str:
    """A free private network as large as ``like``, or the next larger one that is free."""
    for second in range(255):
        choice = IPv4Network(f"10.{255 - second}.0.0/16")
        if not any(choice.overlaps(taken) for _, taken in known):
            return str(choice[1] if like.prefixlen == 32 else choice)
    return "one in 172.16.0.0/12"


def _text(network: IPv4Network) -> str:
    return str(network.network_address if network.prefixlen == 32 else network)


RULES = (
    cluster_networks_are_private,
    cluster_networks_are_apart,
    every_machine_has_room_for_its_pods,
    services_have_room,
    silence_is_more_than_a_stall,
    data_fits_the_disks,
    records_have_room_to_work,
    pools_can_run_something,
    patients_data_is_kept,
)
