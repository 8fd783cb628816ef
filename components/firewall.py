"""A machine's firewall as text for nft: what may come in, and what may leave.

In: whatever is not named is dropped. SSH comes first and only from the management network; the clinic
reaches the two public ports; metrics and the service behind the edge answer the hospital's machines alone.
Through: nothing. Out: with the cloud disabled a packet leaves only for the LAN and for the time and name
servers of the stack file, anything else is refused at once with an ICMP message, so that a forgotten
dependency on the internet shows as an error and not as a hang. With any other cloud mode everything may
leave.

IPv6 has no address in the hospital's plan: only loopback speaks it. Our rules live in a table of their own
that one transaction replaces: a reload has no open moment, and the rules of others (kube-proxy) are not
touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from infra.config.model import Hospital

NODE_EXPORTER_PORT = 9100
VRRP = 112
"""IP protocol number: a small Debian has no /etc/protocols that could name it."""


@dataclass(frozen=True)
class Firewall:
    """Who may talk to one machine, and to whom it may talk.

    management: networks that may open SSH and the edge's statistics
    clinic: the network whose devices use the public ports
    machines: every machine of the hospital; they speak VRRP and use ``machine_ports``
    egress: None lets everything leave; otherwise the networks that may be reached
    name_servers, time_servers: reachable on their own port even when outside ``egress``
    """

    management: tuple[IPv4Network, ...]
    clinic: IPv4Network
    machines: tuple[IPv4Address, ...]
    ssh_port: int
    public_ports: tuple[int, ...]
    management_ports: tuple[int, ...]
    machine_ports: tuple[int, ...]
    egress: tuple[IPv4Network, ...] | None
    name_servers: tuple[IPv4Address, ...]
    time_servers: tuple[IPv4Address, ...]


def firewall_for(hospital: Hospital, name: str) -> Firewall:
    """What the stack file means for the machine ``name``."""
    return Firewall(
        management=(hospital.lan.network,),
        clinic=hospital.lan.network,
        machines=tuple(node.debian_address for node in hospital.nodes.values()),
        ssh_port=hospital.nodes[name].ssh.port,
        public_ports=(80, 443),
        management_ports=(hospital.edge.stats_port,),
        machine_ports=(NODE_EXPORTER_PORT, hospital.service.port),
        egress=(hospital.lan.network,) if hospital.cloud.mode == "disabled" else None,
        name_servers=hospital.lan.dns,
        time_servers=hospital.lan.ntp,
    )


def render_firewall(firewall: Firewall) -> str:
    """The file for ``nft -f``; it replaces the table ``inet prontuario`` and nothing else."""
    return f"""\
table inet prontuario
delete table inet prontuario
table inet prontuario {{
    set management {{
        type ipv4_addr
        flags interval
        auto-merge
        elements = {_set(firewall.management)}
    }}
    set machines {{
        type ipv4_addr
        elements = {_set(firewall.machines)}
    }}
    chain input {{
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        tcp dport {firewall.ssh_port} ip saddr @management accept
        iif lo accept
        ct state invalid counter drop
        ip saddr {firewall.clinic} icmp type echo-request accept
        ip saddr @machines ip protocol {VRRP} accept
        tcp dport {_set(firewall.public_ports)} ip saddr {firewall.clinic} accept
        tcp dport {_set(firewall.management_ports)} ip saddr @management accept
        tcp dport {_set(firewall.machine_ports)} ip saddr @machines accept
        counter
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        counter
    }}
    chain output {{
{_output(firewall)}
    }}
}}
"""


def _output(firewall: Firewall) -> str:
    if firewall.egress is None:
        rules = ["type filter hook output priority filter; policy accept;"]
    else:
        rules = [
            "type filter hook output priority filter; policy drop;",
            "ct state established,related accept",
            "oif lo accept",
            f"ip daddr {_set(firewall.egress)} accept",
            f"ip daddr {_set(firewall.name_servers)} meta l4proto {{ tcp, udp }} th dport 53 accept",
            f"ip daddr {_set(firewall.time_servers)} udp dport 123 accept",
            "counter reject with icmpx admin-prohibited",
        ]
    return "\n".join(f"        {rule}" for rule in rules)


def _set(elements: Iterable[object]) -> str:
    """An nft set; the order of the stack file is kept and repetitions go."""
    return "{ " + ", ".join(dict.fromkeys(map(str, elements))) + " }"
