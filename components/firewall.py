"""A machine's firewall as text for nft: what may come in, what may pass through, and what may leave.

In: whatever is not named is dropped. SSH comes first and only from the management network; the clinic
reaches the two public ports; the cluster's API and the medical records, which stand at the floating address
alone, are for the management network; etcd, the API servers, the kubelets, the detector, metrics and the
service behind the edge answer the hospital's machines alone. A pod reaches two things on a machine: the API
server on its own, and the medical records at the floating address, if the network policies let it.

Through: what the network policies let pass, and of that only pods to pods, machines to pods, and pods to the
medical records at the floating address and to the hospital's identity provider, which sees the machine as
the one who asks, because it knows no way to a pod. The policy engine marks what it let through; nothing
passes without that mark, so a machine that boots, or whose engine died and was flushed, is closed and not
open. Our chain stands behind the engine's for that.

Out: with the cloud disabled a packet leaves only for the LAN, the cluster's own networks and the time and
name servers of the stack file, anything else is refused at once with an ICMP message, so that a forgotten
dependency on the internet shows as an error and not as a hang. With any other cloud mode everything may
leave.

IPv6 has no address in the hospital's plan: only loopback speaks it. Our rules live in a table of their own
that one transaction replaces: a reload has no open moment, and the rules of others (kube-proxy, the policy
engine) are not touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from components.cache_endpoints import PORT, SENTINEL_PORT
from components.database_endpoints import STATUS_PORT
from infra.config import ports
from infra.config.model import Hospital, Kubernetes

NODE_EXPORTER_PORT = ports.NODE_EXPORTER
VRRP = 112
"""IP protocol number: a small Debian has no /etc/protocols that could name it."""
POLICY_MARK = 0x20000
"""kube-router's, on every packet that the network policies of the pods at both ends let through."""

_LINE = "\n"


@dataclass(frozen=True)
class Firewall:
    """Who may talk to one machine, and to whom it may talk.

    management: networks that may open SSH, the edge's statistics and ``floating_ports``
    clinic: the network whose devices use the public ports
    machines: every machine of the hospital; they speak VRRP, use ``machine_ports`` (TCP) and
        ``machine_datagrams`` (UDP), and reach pods and ``floating_ports``
    asked_by_the_edge: ports that HAProxy asks behind addresses of the cluster
    floating: the address of the hospital, on whichever machine holds it
    cluster: the networks of its pods and services, and where pods find their machine's API server
    egress: None lets everything leave; otherwise the networks that may be reached
    provider: address and port of the identity provider that pods may ask
    name_servers, time_servers: reachable on their own port even when outside ``egress``
    """

    management: tuple[IPv4Network, ...]
    clinic: IPv4Network
    machines: tuple[IPv4Address, ...]
    floating: IPv4Address
    cluster: Kubernetes
    ssh_port: int
    public_ports: tuple[int, ...]
    management_ports: tuple[int, ...]
    floating_ports: tuple[int, ...]
    machine_ports: tuple[int, ...]
    machine_datagrams: tuple[int, ...]
    asked_by_the_edge: tuple[int, ...]
    egress: tuple[IPv4Network, ...] | None
    name_servers: tuple[IPv4Address, ...]
    time_servers: tuple[IPv4Address, ...]
    provider: tuple[IPv4Address, int] | None = None


def firewall_for(hospital: Hospital, name: str) -> Firewall:
    """What the stack file means for the machine ``name``."""
    known = hospital.identity_provider
    return Firewall(
        management=(hospital.lan.network,),
        clinic=hospital.lan.network,
        machines=tuple(node.debian_address for node in hospital.nodes.values()),
        floating=hospital.edge.address,
        cluster=hospital.kubernetes,
        ssh_port=hospital.nodes[name].ssh.port,
        public_ports=(ports.HTTP, ports.HTTPS),
        management_ports=(hospital.edge.stats_port,),
        floating_ports=(ports.API, ports.RECORDS),
        machine_ports=(
            NODE_EXPORTER_PORT,
            hospital.service.port,
            ports.LOCAL_API,
            ports.ETCD_CLIENT,
            ports.ETCD_PEER,
            ports.KUBELET,
            hospital.detector.metrics_port,
        ),
        machine_datagrams=(hospital.detector.port,),
        asked_by_the_edge=(ports.RECORDS, STATUS_PORT),
        egress=(hospital.lan.network,) if hospital.cloud.mode == "disabled" else None,
        name_servers=hospital.lan.dns,
        time_servers=hospital.lan.ntp,
        provider=(known.address, known.port) if known else None,
    )


def render_firewall(firewall: Firewall) -> str:
    """The file for ``nft -f``; it replaces the table ``inet prontuario`` and nothing else."""
    pods = firewall.cluster.pod_network
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
    chain absent {{
        type filter hook prerouting priority dstnat + 10; policy accept;
        ip saddr @machines {_absent(pods)}
        ip saddr {pods} {_absent(pods)}
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
        tcp dport {_set(firewall.floating_ports)} ip daddr {firewall.floating} ip saddr @management accept
        tcp dport {_set(firewall.floating_ports)} ip daddr {firewall.floating} ip saddr @machines accept
        tcp dport {_set(firewall.machine_ports)} ip saddr @machines accept
        udp dport {_set(firewall.machine_datagrams)} ip saddr @machines accept
        tcp dport {ports.LOCAL_API} ip daddr {firewall.cluster.local_api} ip saddr {pods} accept
        tcp dport {ports.RECORDS} ip daddr {firewall.floating} ip saddr {pods} accept
        counter
    }}
    chain forward {{
        type filter hook forward priority filter + 10; policy drop;
        {_no_errors_for_sentinels(pods)}
        ct state established,related accept
        meta mark & {POLICY_MARK:#x} == 0 counter drop
        ip saddr {pods} ip daddr {pods} accept
        ip saddr @machines ip daddr {pods} accept
        ip saddr {pods} ip daddr {firewall.floating} tcp dport {ports.RECORDS} accept
{"".join(f"        {rule} accept{_LINE}" for rule in _asking(firewall))}        counter
    }}
{_translation(firewall)}    chain output {{
{_output(firewall)}
    }}
}}
"""


def _absent(pods: IPv4Network) -> str:
    """Refuses a connection to a pod that is not there (its network is ``unreachable``: node_network.py), as a
    pod that does not listen would. The kernel itself would answer with an ICMP error."""
    # A machine's own address among its pods has no way out either; it is local.
    absent = f"ip daddr {pods} fib daddr oif missing fib daddr type != local"
    return f"ct state new {absent} meta l4proto tcp reject with tcp reset"


def _no_errors_for_sentinels(pods: IPv4Network) -> str:
    """Keeps ICMP errors from connections to the cache.

    Valkey 8.1 never reads a socket's queue of errors: after one of them a Sentinel asks and asks for as long
    as that connection lives, also when it came about in the end. Silence costs it one more try.
    """
    errors = "icmp type destination-unreachable icmp code != frag-needed"
    return f"ip daddr {pods} {errors} ct original proto-dst {_set((PORT, SENTINEL_PORT))} counter drop"


def _asking(firewall: Firewall) -> list[str]:
    """What a packet is like that a pod sends to the identity provider; nothing where there is none."""
    if firewall.provider is None:
        return []
    address, port = firewall.provider
    return [f"ip saddr {firewall.cluster.pod_network} ip daddr {address} tcp dport {port}"]


def _translation(firewall: Firewall) -> str:
    """The chain that lets such a packet leave under the machine's own address."""
    head = "type nat hook postrouting priority srcnat; policy accept;"
    rules = [f"{rule} masquerade" for rule in _asking(firewall)]
    if not rules:
        return ""
    body = "".join(f"        {rule}\n" for rule in [head, *rules])
    return f"    chain outside {{\n{body}    }}\n"


def _no_errors_for_haproxy(asked: Iterable[int]) -> str:
    """Keeps from HAProxy the ICMP errors of kube-proxy, which refuses so what no pod serves at the moment.

    HAProxy reads no queue of errors either: it tries to connect again and again, without a pause, until its
    check's time is up. Silence costs it that time, and no processor. ``asked`` are the ports it asks behind
    the cluster's addresses; the 30th byte of such a message is where it names the one that was refused.
    """
    return f"oif lo icmp type destination-unreachable @th,240,16 {_set(asked)} counter drop"


def _output(firewall: Firewall) -> str:
    silenced = [
        _no_errors_for_sentinels(firewall.cluster.pod_network),
        _no_errors_for_haproxy(firewall.asked_by_the_edge),
    ]
    if firewall.egress is None:
        rules = ["type filter hook output priority filter; policy accept;", *silenced]
    else:
        cluster = firewall.cluster
        # A packet for a service was turned to a pod, or to the API server on loopback, before it comes here,
        # but still counts as leaving by the interface that leads to services: `oif lo` does not know it.
        own = (cluster.pod_network, cluster.service_network, cluster.local_api)
        rules = [
            "type filter hook output priority filter; policy drop;",
            *silenced,
            "ct state established,related accept",
            "oif lo accept",
            f"ip daddr {_set(firewall.egress)} accept",
            f"ip daddr {_set(own)} accept",
            f"ip daddr {_set(firewall.name_servers)} meta l4proto {{ tcp, udp }} th dport 53 accept",
            f"ip daddr {_set(firewall.time_servers)} udp dport 123 accept",
            "counter reject with icmpx admin-prohibited",
        ]
    return "\n".join(f"        {rule}" for rule in rules)


def _set(elements: Iterable[object]) -> str:
    """An nft set; the order of the stack file is kept and repetitions go."""
    return "{ " + ", ".join(dict.fromkeys(map(str, elements))) + " }"
