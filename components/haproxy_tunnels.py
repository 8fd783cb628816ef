"""What HAProxy passes on byte by byte: the cluster's API and the medical records, both end to end in TLS.

Lines that are there for a reason one cannot see:

- A machine's own API server comes first and the others wait as ``backup``: whoever's machine dies, only the
  address moves. ``verifyhost`` asks for the machine's name, which kubeadm writes into each API server's
  certificate: an API server is the one it should be or it is down. HAProxy compares names, never addresses.
- ``/readyz`` may take long on a machine that has much to do: two seconds and three failures, for the ready
  ones are all there is. A process that is gone refuses, and that is found within a second.
- Every instance of the records is asked itself whether it is the primary (``/pg/status``): it knows before
  Kubernetes' labels do. Up means primary; a standby is down and nothing is wrong with it.
- Two that claim to be primary: nobody is let in until one of them is gone.
- ``load-server-state-from-file``: HAProxy takes every server for up until it was checked, and would send the
  clients of its first half second to a standby. The file says that none of the instances is up yet.
- ``fall 3`` at 300 ms: a dead primary, to which no connection comes about, is down within 1.5 s, long before
  another can be promoted. One that accepts the connection has 1.5 s for its answer, three times: on a machine
  with far too much to do 0.7 s cut everybody's session while nobody else was primary.
- ``on-marked-down shutdown-sessions``: whoever talked to a primary that is none any more must ask again.
- ``resolvers`` are not needed: all addresses are known beforehand (components/database_endpoints.py).
- Each of the two may hold a quarter of the edge's connections: the clinic keeps the rest, whatever happens
  at these ports.
- The logs hold addresses and times: what passes is encrypted and nothing of it is HAProxy's to see.
"""

from components import database_endpoints as records
from infra.config import ports
from infra.config.model import Hospital
from infra.config.rto import (
    RECORDS_CONNECT_MS,
    RECORDS_INTERVAL_MS,
    RECORDS_STANDBY_MS,
    RECORDS_TIMEOUT_MS,
)

CLUSTER_AUTHORITY = "/etc/haproxy/cluster-ca.pem"
"""Certificate of whoever signs the API servers' certificates."""
HOSPITAL_AUTHORITY = "/etc/haproxy/hospital-ca.pem"
"""Certificate of whoever signs the certificates of the medical records' instances."""
OWN_DOOR = "127.0.0.1"
"""Where a machine's own programs find an API server while its own one is still booting; kubeadm writes this
address into every API server's certificate."""
FIRST_STATE = "/etc/haproxy/first-state"
"""What HAProxy believes about the instances until it asked them."""

_LOG = (
    "client=%ci front=%f server=%s ended=%ts bytes_in=%U bytes_out=%B connect_ms=%Tc total_ms=%Tt retries=%rc"
)


def render_tunnels(hospital: Hospital, machine: str) -> str:
    """The sections for haproxy.cfg of ``machine``, a name in ``hospital.nodes``."""
    edge = hospital.edge
    share = edge.max_connections // 4
    return f"""\
defaults
    mode tcp
    log global
    option dontlognull
    option log-health-checks
    option clitcpka
    option srvtcpka
    srvtcpka-idle 1s
    srvtcpka-intvl 1s
    srvtcpka-cnt 3
    log-tag edge
    log-format "{_LOG}"
    timeout connect {RECORDS_CONNECT_MS}ms
    timeout client 1h
    timeout client-fin 5s
    timeout server 1h
    timeout queue 5s

frontend kubernetes
    bind {edge.address}:{ports.API}
    bind {OWN_DOOR}:{ports.API}
    maxconn {share}
    default_backend kubernetes

backend kubernetes
    option httpchk
    http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes hdr User-Agent edge/{machine}
    http-check expect status 200
    option redispatch 1
    retries 3
    timeout check 2000ms
    default-server check check-ssl verify required ca-file {CLUSTER_AUTHORITY} inter 1000ms fastinter 300ms \
downinter 1000ms fall 3 rise 1 tcp-ut 3000 on-marked-down shutdown-sessions observe layer4 error-limit 1 \
on-error fastinter
{_api_servers(hospital, machine)}

frontend records
    bind {edge.address}:{ports.RECORDS}
    maxconn {share}
    tcp-request content reject if {{ nbsrv(records) gt 1 }}
    default_backend records

backend records
    load-server-state-from-file global
    option httpchk
    http-check send meth GET uri {records.STATUS_PATH} ver HTTP/1.1 hdr Host {records.CERTIFICATE_NAME} \
hdr User-Agent edge/{machine}
    http-check expect string '"isPrimary":true'
    timeout check {RECORDS_TIMEOUT_MS}ms
    default-server check check-ssl check-sni {records.CERTIFICATE_NAME} verify required \
verifyhost {records.CERTIFICATE_NAME} ca-file {HOSPITAL_AUTHORITY} inter 1000ms \
fastinter {RECORDS_INTERVAL_MS}ms downinter {RECORDS_STANDBY_MS}ms fall 3 rise 1 tcp-ut 3000 \
on-marked-down shutdown-sessions
{_instances(hospital)}
"""


def render_first_state(hospital: Hospital) -> str:
    """For ``server-state-file`` (version 1): no instance of the records is up."""
    words = (
        "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
        "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state "
        "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl "
        "srv_check_port srv_check_addr srv_agent_addr srv_agent_port"
    )
    instances = "".join(
        f"0 records {number} {one.name} {one.address} 0 0 1 1 0 1 0 0 6 0 0 0 - {one.port} - 0 0 - - 0\n"
        for number, one in enumerate(records.instance_addresses(hospital), start=1)
    )
    return f"1\n# {words}\n{instances}"


def _api_servers(hospital: Hospital, machine: str) -> str:
    nearest_first = sorted(hospital.nodes.items(), key=lambda item: item[0] != machine)
    return "\n".join(
        f"    server {name} {node.debian_address}:{ports.LOCAL_API} verifyhost {name}"
        + (" backup" if place else "")
        for place, (name, node) in enumerate(nearest_first)
    )


def _instances(hospital: Hospital) -> str:
    return "\n".join(
        f"    server {one.name} {one.address}:{one.port} port {one.status_port}"
        for one in records.instance_addresses(hospital)
    )
