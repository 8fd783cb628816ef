"""Which machines a stack is made of."""

from collections.abc import Iterator

from infra.config.model import Hospital
from infra.config.problems import Path, Problem

_SHAPES = {
    "mvp": {"primary": 1, "secondary": 0, "witness": 0},
    "prod": {"primary": 1, "secondary": 1, "witness": 1},
    "lab": {"primary": 1, "secondary": 1, "witness": 1},
}
_NEEDS = {
    "mvp": "stack mvp is one primary Mac alone",
    "prod": "stack prod is one primary, one secondary and one witness",
    "lab": "stack lab is one primary, one secondary and one witness, as prod",
}


def roles_fit_the_stack(hospital: Hospital) -> Iterator[Problem]:
    """One Mac in mvp; two Macs and a witness in prod (two etcd members tolerate no loss) and in lab."""
    needs = _NEEDS[hospital.stack]
    reads: tuple[Path, ...] = (("stack",), *(("nodes", name, "role") for name in hospital.nodes))
    for role, wanted in _SHAPES[hospital.stack].items():
        holders = [name for name, node in hospital.nodes.items() if node.role == role]
        if len(holders) < wanted:
            names = ", ".join(hospital.nodes)
            yield Problem(("nodes",), names, f"no {role}: {needs}: add a node with role {role}", reads)
        for name in holders[wanted:]:
            excess = f"one {role} too many" if wanted else f"no {role} belongs here"
            yield Problem(
                ("nodes", name, "role"), role, f"{excess}: {needs}: remove or change this node", reads
            )


def platforms_fit_the_stack(hospital: Hospital) -> Iterator[Problem]:
    """The lab boots Debian machines on one computer, and a witness is a small Debian box everywhere."""
    for name, node in hospital.nodes.items():
        if node.platform != "macos":
            continue
        path, role, stack = ("nodes", name, "platform"), ("nodes", name, "role"), ("stack",)
        if hospital.stack == "lab":
            yield Problem(path, "macos", "the lab boots Debian machines only: set it to linux", (stack,))
        elif node.role == "witness":
            yield Problem(path, "macos", "a witness is a small Debian box: set it to linux", (role,))


def guests_are_on_macos(hospital: Hospital) -> Iterator[Problem]:
    """Everything provisioned lives on Debian: macOS needs a guest for it, Linux is Debian itself."""
    for name, node in hospital.nodes.items():
        path, platform = ("nodes", name, "guest"), ("nodes", name, "platform")
        if node.platform == "macos" and node.guest is None:
            rule = "a macos node needs its Debian guest: add guest.address, a free address of the LAN"
            yield Problem(path, "missing", rule, (platform,))
        if node.platform == "linux" and node.guest is not None:
            rule = "a linux node is Debian itself: remove guest or set platform to macos"
            yield Problem(path, "{...}", rule, (platform,))


def macs_share_an_architecture(hospital: Hospital) -> Iterator[Problem]:
    """One release serves on both Macs: a machine that takes over with another program is not a spare."""
    first_refused = (roles_fit_the_stack, platforms_fit_the_stack, guests_are_on_macos)
    if any(True for rule in first_refused for _ in rule(hospital)):
        return  # which machines there are, and what their Debian runs on, is not settled yet
    first, *others = hospital.macs
    for other in others:
        # A guest is always aarch64: only a linux machine can be another one.
        other_is_free = hospital.nodes[other].platform == "linux"
        name, model = (other, first) if other_is_free else (first, other)
        node, wanted = hospital.nodes[name], hospital.nodes[model]
        if node.debian_architecture != wanted.debian_architecture:
            whose = f"the guest of nodes.{model}" if wanted.guest else f"nodes.{model}"
            alike = "the Macs take over from each other, make them alike"
            rule = f"{whose} is {wanted.debian_architecture}: {alike}"
            reads = [
                ("nodes", each, key)
                for each in (name, model)
                for key in ("role", "platform", "guest", "architecture")
            ]
            yield Problem(("nodes", name, "architecture"), node.architecture, rule, (("stack",), *reads))


def zones_differ(hospital: Hospital) -> Iterator[Problem]:
    """Two machines in one zone would count as two failures and be lost by one."""
    seen: dict[str, str] = {}
    for name, node in hospital.nodes.items():
        first = seen.setdefault(node.zone, name)
        if first != name:
            rule = f"already the zone of nodes.{first}: give each machine a zone of its own"
            yield Problem(("nodes", name, "zone"), node.zone, rule, (("nodes", first, "zone"),))


def host_keys_differ(hospital: Hospital) -> Iterator[Problem]:
    """One host key on two machines: a cloned disk, or a line pasted twice; either way nothing is verified."""
    seen: dict[str, str] = {}
    for name, node in hospital.nodes.items():
        key = node.ssh.host_key
        first = seen.setdefault(key, name) if key else name
        if key and first != name:
            rule = f"already the host key of nodes.{first}: paste this machine's own, from its console"
            path = ("nodes", name, "ssh", "host_key")
            yield Problem(path, f"...{key[-12:]}", rule, (("nodes", first, "ssh", "host_key"),))


def ssh_users_are_administrators(hospital: Hospital) -> Iterator[Problem]:
    """The machines refuse root, so a stack that names it locks itself out."""
    for name, node in hospital.nodes.items():
        if node.ssh.user == "root":
            rule = "root login is disabled on every machine: name an administrator with sudo, such as admin"
            yield Problem(("nodes", name, "ssh", "user"), "root", rule)


RULES = (
    roles_fit_the_stack,
    platforms_fit_the_stack,
    guests_are_on_macos,
    macs_share_an_architecture,
    zones_differ,
    host_keys_differ,
    ssh_users_are_administrators,
)
