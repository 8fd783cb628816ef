"""The files a machine gets, as text: pure renderers for components/machine.py."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address

KERNEL_SETTINGS = """\
# Packets for pods pass through. It comes first: the kernel sets accept_redirects anew whenever this changes.
net.ipv4.ip_forward = 1
# The floating address may be bound by HAProxy on a machine that does not hold it yet.
net.ipv4.ip_nonlocal_bind = 1
# A machine answers ARP only for addresses of the interface that was asked, and asks with the address of that
# interface: two machines never claim the floating address by accident.
net.ipv4.conf.all.arp_ignore = 1
net.ipv4.conf.all.arp_announce = 2
# A peer that lost power sends neither FIN nor RST: 30 s + 3 x 5 s until an idle connection to it is given up.
net.ipv4.tcp_keepalive_time = 30
net.ipv4.tcp_keepalive_intvl = 5
net.ipv4.tcp_keepalive_probes = 3
# About 13 s for a connection with unacknowledged data, 7 s for one that is being opened.
net.ipv4.tcp_retries2 = 6
net.ipv4.tcp_syn_retries = 2
# 200 clinicians who all reconnect when the address moves.
net.core.somaxconn = 4096
net.ipv4.tcp_max_syn_backlog = 4096
# Routes come from the machine's own configuration and from nobody on the LAN.
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
# What the kubelet expects and, told to protect the kernel's settings, refuses to set by itself: an allocation
# is granted before it is used, a process dies when memory is out and not the machine, and a kernel that has
# lost its way boots again after 10 s instead of serving on.
vm.overcommit_memory = 1
vm.panic_on_oom = 0
kernel.panic = 10
kernel.panic_on_oops = 1
kernel.keys.root_maxkeys = 1000000
kernel.keys.root_maxbytes = 25000000
"""
"""The last six are the whole kernel's. A machine of the lab shares its kernel with the computer, so it finds
files of its own in their places; net.* is a machine's own even there."""

FIREWALL_UNIT = """\
[Unit]
Description=The machine's firewall as last confirmed
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
After=local-fs.target
ConditionPathExists=/etc/prontuario/firewall.confirmed.nft

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/prontuario/firewall.confirmed.nft
ExecReload=/usr/sbin/nft -f /etc/prontuario/firewall.confirmed.nft

[Install]
WantedBy=sysinit.target
"""


def render_hosts(machines: Mapping[str, IPv4Address], floating: IPv4Address, domain: str) -> str:
    """Lines for /etc/hosts: the hospital by its domain, every machine short and in the domain."""
    lines = [f"{floating} {domain}"]
    lines += [f"{address} {name}.{domain} {name}" for name, address in machines.items()]
    return "\n".join(lines) + "\n"


def render_clock(time_servers: Sequence[IPv4Address]) -> str:
    """For systemd-timesyncd, which stays idle in a container: there the clock is the host's."""
    return f"[Time]\nNTP={' '.join(map(str, time_servers))}\nFallbackNTP=\n"


def render_sshd(user: str) -> str:
    """For sshd, read before Debian's own settings: the first value wins.

    Pulumi opens one connection per step at the same time; Debian's MaxStartups would drop some of them.
    """
    return f"""\
AllowUsers {user}
PermitRootLogin no
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
X11Forwarding no
AllowAgentForwarding no
PermitTunnel no
LoginGraceTime 20
MaxAuthTries 4
MaxStartups 64:30:128
ClientAliveInterval 15
ClientAliveCountMax 4
UseDNS no
"""


def render_metrics_unit(address: str, port: int) -> str:
    """Drop-in for prometheus-node-exporter: the LAN address alone, and back whenever it ends."""
    return f"""\
[Service]
ExecStart=
ExecStart=/usr/bin/prometheus-node-exporter --web.listen-address={address}:{port}
Restart=always
RestartSec=2
"""
