"""keepalived's configuration, rendered for one machine (keepalived 2.2.7, as Debian bookworm ships it).

Lines that are there for a reason one cannot see:

- ``state BACKUP`` with ``nopreempt`` everywhere: a machine that comes back does not take the address from
  one that serves, so a repair costs no second interruption.
- ``vrrp_version 3``: version 2 counts adverts in whole seconds. Silence lasts 3 adverts and a skew of up to
  one more, (256 - priority) / 256 of an advert: high priorities are fast ones, and 50 apart leaves 39 ms at
  0.2 s between two candidates, so that they do not both take the address.
- ``unicast_peer``: hospital switches filter multicast, and a Mac's bridged guest may never see it.
- The script asks HAProxy for an answer, a process that merely exists may be stuck. Its weight is 0, so
  failing means FAULT: with ``nopreempt`` a lowered priority would change nothing. ``interval`` takes whole
  seconds only; a crashed HAProxy is back by systemd in 0.3 s, before the second failed run, and the address
  rightly stays. ``timeout 2``: on a machine with every core busy, starting curl may take a second.
- ``vrrp_rt_priority`` and ``vrrp_no_swap``: a busy or swapping machine still sends its adverts on time.
  Where the kernel refuses (a container may), keepalived says so and runs like any other process.
- ``vrrp_rlimit_rttime`` (µs): how long it may be busy at that priority before the kernel kills it. By default
  10 ms, which two ticks of a busy virtual machine are: it was killed, and the address moved for no reason.
- ``garp_master_*``: five gratuitous ARPs at once, five more after a second for switches that were learning,
  then one every ten seconds: a client that missed them all is right again before a person notices.
- ``higher_prio_send_advert``: after a partition two hold the address; the one that yields makes the other
  announce itself again, or clients would keep the loser's MAC address.
- ``/32``: an address alone; the LAN's route belongs to the machine's own address and must not go with this
  one.
- ``script_user nobody``: the check needs no right at all, and ``enable_script_security`` refuses a script
  that someone else could change.
"""

from components.haproxy import ALIVE_URL
from infra.config.model import Hospital
from infra.config.node import Node

CONFIG = "/etc/keepalived/keepalived.conf"
PRIORITIES = {"primary": 250, "secondary": 200, "witness": 150}
"""Who takes the address first, by role; 255 would mean that the address is the machine's own."""


def render_keepalived(hospital: Hospital, machine: str) -> str:
    """The whole keepalived.conf of ``machine``, a name in ``hospital.nodes``; KeyError if it is not there."""
    node = hospital.nodes[machine]
    return f"""\
# {machine}: written by `pulumi up` from the stack file; changes made here are lost.
global_defs {{
    router_id {machine}
    vrrp_version 3
    vrrp_rt_priority 50
    vrrp_rlimit_rttime 500000
    vrrp_no_swap
    enable_script_security
    script_user nobody nogroup
}}

vrrp_script haproxy_answers {{
    script "/usr/bin/curl --silent --fail --output /dev/null --max-time 1 {ALIVE_URL}"
    interval 1
    timeout 2
    fall 2
    rise 1
}}

vrrp_instance edge {{
    state BACKUP
    nopreempt
    interface {node.debian_interface}
    virtual_router_id {hospital.edge.vrrp.router_id}
    priority {PRIORITIES[node.role]}
    advert_int {hospital.edge.vrrp.advert:.2f}
    garp_master_delay 1
    garp_master_repeat 5
    garp_master_refresh 10
    higher_prio_send_advert
    unicast_src_ip {node.debian_address}
{_peers(hospital, node)}
    virtual_ipaddress {{
        {hospital.edge.address}/32 dev {node.debian_interface}
    }}
    track_script {{
        haproxy_answers
    }}
}}
"""


def render_unit(hospital: Hospital, machine: str) -> str:
    """Drop-in for systemd: a killed keepalived is back at once, without the address another machine took."""
    held = f"{hospital.edge.address}/32 dev {hospital.nodes[machine].debian_interface}"
    return f"""\
[Unit]
After=haproxy.service
StartLimitIntervalSec=0

[Service]
NotifyAccess=all
Restart=always
RestartSec=100ms
ExecStopPost=-/usr/sbin/ip address del {held}
"""


def _peers(hospital: Hospital, here: Node) -> str:
    """Everybody else. A machine alone tells its own loopback: without a peer keepalived uses multicast."""
    others = [str(node.debian_address) for node in hospital.nodes.values() if node is not here]
    lines = "".join(f"        {address}\n" for address in others or ["127.0.0.1"])
    return f"    unicast_peer {{\n{lines}    }}"
