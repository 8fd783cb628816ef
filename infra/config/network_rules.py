"""Addresses on the hospital's LAN."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from infra.config.model import Hospital
from infra.config.problems import Path, Problem, dotted

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_NETWORK: Path = ("lan", "network")


def lan_is_private(hospital: Hospital) -> Iterator[Problem]:
    """Machines with patients' data have no address that the internet can route to."""
    network = hospital.lan.network
    if not any(network.subnet_of(block) for block in PRIVATE):
        blocks = ", ".join(map(str, PRIVATE))
        yield Problem(_NETWORK, str(network), f"not a private network: choose one inside {blocks}")


def dns_is_the_hospitals_own(hospital: Hospital) -> Iterator[Problem]:
    """A public resolver would be told every name that the hospital's machines look up."""
    for index, address in enumerate(hospital.lan.dns):
        if not any(address in block for block in PRIVATE):
            rule = "a public resolver: name the hospital's own, which has a private address"
            yield Problem(("lan", "dns", index), str(address), rule)


def addresses_are_on_the_lan(hospital: Hospital) -> Iterator[Problem]:
    """Every machine, guest, the gateway and the floating address are hosts of ``lan.network``."""
    network = hospital.lan.network
    where = f"{dotted(_NETWORK)} ({network})"
    for path, address in (*_own_addresses(hospital), _floating(hospital)):
        if address not in network:
            rule = f"outside {where}: choose a free address in it"
        elif network.prefixlen < 31 and address in (network[0], network[-1]):
            kind = "network" if address == network[0] else "broadcast"
            rule = f"the {kind} address of {where}: choose one from {network[1]} to {network[-2]}"
        else:
            continue
        yield Problem(path, str(address), rule, (_NETWORK,))


def addresses_differ(hospital: Hospital) -> Iterator[Problem]:
    """No address twice; the floating address is nobody's own, or it could not move."""
    owners: dict[IPv4Address, Path] = {}
    for path, address in _own_addresses(hospital):
        first = owners.setdefault(address, path)
        if first != path:
            rule = f"already the address of {_owner(first)}: choose a free address of the LAN"
            yield Problem(path, str(address), rule, (first,))
    path, address = _floating(hospital)
    if address in owners:
        rule = f"the floating address is {_owner(owners[address])}'s own: choose a free address of the LAN"
        yield Problem(path, str(address), rule, (owners[address],))


def provider_is_the_hospitals_own(hospital: Hospital) -> Iterator[Problem]:
    """Pods reach one address outside the cluster: no machine of ours, and nobody's on the internet."""
    provider = hospital.identity_provider
    if provider is None:
        return
    path: Path = ("identity_provider", "address")
    owners = {address: owner for owner, address in (*_own_addresses(hospital), _floating(hospital))}
    if provider.address in owners:
        owner = owners[provider.address]
        rule = f"already the address of {_owner(owner)}: name the provider's own"
        yield Problem(path, str(provider.address), rule, (owner,))
    elif not any(provider.address in block for block in PRIVATE):
        blocks = ", ".join(map(str, PRIVATE))
        rule = f"not the hospital's own: name a provider that answers inside {blocks}"
        yield Problem(path, str(provider.address), rule)


def _own_addresses(hospital: Hospital) -> Iterator[tuple[Path, IPv4Address]]:
    yield ("lan", "gateway"), hospital.lan.gateway
    for name, node in hospital.nodes.items():
        yield ("nodes", name, "address"), node.address
        if node.guest:
            yield ("nodes", name, "guest", "address"), node.guest.address


def _floating(hospital: Hospital) -> tuple[Path, IPv4Address]:
    return ("edge", "address"), hospital.edge.address


def _owner(path: Path) -> str:
    """``nodes.mac-a`` for nodes.mac-a.address, ``lan.gateway`` for itself."""
    return dotted(path if path[-1] == "gateway" else path[:-1])


RULES = (
    lan_is_private,
    dns_is_the_hospitals_own,
    addresses_are_on_the_lan,
    addresses_differ,
    provider_is_the_hospitals_own,
)
