"""How pods of different machines reach each other: routes, and nothing in between.

Every machine owns a /24 of the pod network, by its place in the stack file, and a route to each of the
others' through their own addresses. All machines are on one LAN, so there is no overlay, no tunnel and no
daemon that could fail: the CNI plugins ptp and host-local (of Debian) give a pod its address. Addresses are
kept in memory (/run): a power cut frees them all, as it ends all pods.

The local API address lies on every machine's loopback (see components/kubeadm.py).
"""

import json
from ipaddress import IPv4Network

from infra.config.model import Hospital

CONFLIST = "/etc/cni/net.d/10-prontuario.conflist"
UNIT = "prontuario-cluster-network.service"
UNIT_PATH = f"/etc/systemd/system/{UNIT}"
NETWORKD = "/etc/systemd/networkd.conf.d/50-prontuario.conf"

KEEP_ROUTES = """\
[Network]
# A restart of systemd-networkd would take away the routes between the pods, which others made.
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
"""


def pod_network(hospital: Hospital, machine: str) -> IPv4Network:
    """The part of the pod network that is ``machine``'s own. IndexError beyond what the network holds."""
    place = list(hospital.nodes).index(machine)
    network = hospital.kubernetes.pod_network
    return IPv4Network((int(network.network_address) + place * 256, 24))


def render_conflist(hospital: Hospital, machine: str) -> str:
    """For containerd: one address per pod, no masquerading, so everybody sees who is asking."""
    ranges = [[{"subnet": str(pod_network(hospital, machine))}]]
    plugin = {
        "type": "ptp",
        "mtu": 1500,
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "dataDir": "/run/cni-ipam",
            "ranges": ranges,
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [plugin]}, indent=2) + "\n"


def _commands(hospital: Hospital, machine: str) -> tuple[list[str], list[str]]:
    """What puts the pods' network up, and what takes it down, as arguments of ``ip``."""
    api, own = hospital.kubernetes.local_api, pod_network(hospital, machine)
    up = [f"address replace {api}/32 dev lo", f"route replace unreachable {own} metric 4096"]
    down = [f"address delete {api}/32 dev lo", f"route delete unreachable {own} metric 4096"]
    for other, node in hospital.nodes.items():
        if other != machine:
            up.append(f"route replace {pod_network(hospital, other)} via {node.debian_address}")
            down.append(f"route delete {pod_network(hospital, other)}")
    return up, down


def render_removal(hospital: Hospital, machine: str) -> str:
    """Shell lines for a network whose unit systemd may already have forgotten; fine when it is down."""
    _, down = _commands(hospital, machine)
    return "\n".join(f"ip {command} 2>/dev/null || :" for command in down)


def render_network_unit(hospital: Hospital, machine: str) -> str:
    """The unit that must have run before the kubelet: routes to the other machines' pods, the local API.

    The machine's own part is unreachable rather than sent to the gateway while no pod has the address.
    """
    up, down = _commands(hospital, machine)
    lines = [f"ExecStart=/usr/sbin/ip {command}" for command in up]
    lines += [f"ExecStop=-/usr/sbin/ip {command}" for command in down]
    steps = "\n".join(lines)
    return f"""\
[Unit]
Description=Routes between the pods of the hospital's machines
Wants=network-online.target
After=network.target network-online.target
Before=containerd.service kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
{steps}

[Install]
WantedBy=multi-user.target
"""
