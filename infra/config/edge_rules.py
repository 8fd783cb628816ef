"""Ports, clocks and promises of the edge."""

from collections.abc import Iterator

from infra.config import ports
from infra.config.model import Hospital
from infra.config.problems import Path, Problem, dotted
from infra.config.rto import missed_promises
from infra.config.units import format_duration

_STATS: Path = ("edge", "stats_port")
_SERVICE: Path = ("service", "port")
_HEARTBEATS: Path = ("detector", "port")
_DETECTOR: Path = ("detector", "metrics_port")


def ports_differ(hospital: Hospital) -> Iterator[Problem]:
    """On every machine sshd, the edge, the cluster and what the stack file names listen side by side.

    The detector's heartbeats are UDP, where nothing else listens.
    """
    owners: dict[int, tuple[str, tuple[Path, ...]]] = {
        port: (owner, ()) for port, owner in ports.FIXED.items()
    }
    for name, node in hospital.nodes.items():
        path: Path = ("nodes", name, "ssh", "port")
        if node.ssh.port in ports.FIXED:
            rule = f"already the port of {ports.FIXED[node.ssh.port]}: choose another, such as 22"
            yield Problem(path, str(node.ssh.port), rule)
        owners.setdefault(node.ssh.port, ("ssh", (path,)))
    owners.setdefault(22, ("ssh", ()))
    for path, port, usual in (
        (_STATS, hospital.edge.stats_port, 8404),
        (_SERVICE, hospital.service.port, 8000),
        (_DETECTOR, hospital.detector.metrics_port, 9778),
    ):
        if port in owners:
            owner, reads = owners[port]
            free = next(choice for choice in range(usual, usual + 9) if choice not in owners)
            yield Problem(
                path, str(port), f"already the port of {owner}: choose another, such as {free}", reads
            )
        owners.setdefault(port, (dotted(path), (path,)))


def ports_need_no_root(hospital: Hospital) -> Iterator[Problem]:
    """The service and the detector run as ordinary users, who cannot listen below 1024."""
    detector = hospital.detector
    for path, port, usual in (
        (_SERVICE, hospital.service.port, 8000),
        (_HEARTBEATS, detector.port, 9777),
        (_DETECTOR, detector.metrics_port, 9778),
    ):
        taken = path != _HEARTBEATS and (port == 22 or port in ports.FIXED)
        if port < 1024 and not taken:
            yield Problem(path, str(port), f"a port below 1024 needs root: choose another, such as {usual}")


def advert_fits_vrrp_version_3(hospital: Hospital) -> Iterator[Problem]:
    """VRRPv3 (RFC 5798) counts adverts in hundredths of a second, in twelve bits."""
    advert = hospital.edge.vrrp.advert
    hundredths = round(advert * 1000) / 10
    path, value = ("edge", "vrrp", "advert"), format_duration(advert)
    if not 1 <= hundredths <= 4095:
        yield Problem(path, value, "VRRP version 3 knows 10ms to 40950ms: choose one between, such as 200ms")
    elif hundredths % 1:
        lower = format_duration(int(hundredths) / 100)
        yield Problem(path, value, f"VRRP version 3 counts in steps of 10ms: lower it to {lower}")


def fast_interval_is_the_faster(hospital: Hospital) -> Iterator[Problem]:
    """HAProxy looks more closely, not less, at a server that is going up or down."""
    check = hospital.edge.health_check
    if check.fast_interval > check.interval:
        interval = format_duration(check.interval)
        path: Path = ("edge", "health_check", "fast_interval")
        reads: Path = ("edge", "health_check", "interval")
        rule = f"longer than {dotted(reads)} ({interval}): lower it to {interval} or less"
        yield Problem(path, format_duration(check.fast_interval), rule, (reads,))


def knobs_keep_the_promise(hospital: Hospital) -> Iterator[Problem]:
    """The service, and the records behind it, are back within ``failover.primary_rto`` at worst."""
    yield from missed_promises(hospital)


def promises_are_in_order(hospital: Hospital) -> Iterator[Problem]:
    """Losing both Macs cannot be promised to heal faster than losing one."""
    failover = hospital.failover
    if failover.both_lost_rto < failover.primary_rto:
        primary = format_duration(failover.primary_rto)
        path, reads = ("failover", "both_lost_rto"), ("failover", "primary_rto")
        rule = f"shorter than {dotted(reads)} ({primary}): raise it to {primary} or more"
        yield Problem(path, format_duration(failover.both_lost_rto), rule, (reads,))


def connections_serve_all_users(hospital: Hospital) -> Iterator[Problem]:
    """Every user holds at least one connection open."""
    limit, users = hospital.edge.max_connections, hospital.service.users
    if limit < users:
        path, reads = ("edge", "max_connections"), ("service", "users")
        rule = f"fewer than {dotted(reads)} ({users}): raise it to {users} or more"
        yield Problem(path, str(limit), rule, (reads,))


RULES = (
    ports_differ,
    ports_need_no_root,
    advert_fits_vrrp_version_3,
    fast_interval_is_the_faster,
    knobs_keep_the_promise,
    promises_are_in_order,
    connections_serve_all_users,
)
