"""HAProxy's configuration, rendered for one machine (HAProxy 2.6, as Debian bookworm ships it): the clinic's
https here, the cluster's API and the medical records in components/haproxy_tunnels.py.

Lines that are there for a reason one cannot see:

- ``bind`` on the floating address alone: every edge listens there always, which needs
  ``net.ipv4.ip_nonlocal_bind``, so a failover waits for no process to start.
- ``option http-server-close``: each request gets a fresh connection to the service. A dead service then
  refuses the connection, and that may be retried for every method; on a reused connection a write would get
  a 502.
- ``retry-on empty-response`` holds for reads alone (``disable-l7-retry``): a write that reached the service
  may have been carried out, only its author may send it again.
- ``observe layer4 ... fastinter`` for the machine's own service: a refused connection has its health
  checked at once, and what waits goes to the other Mac. ``shutdown-sessions`` when it is down: from a
  process that hangs, reads are taken away and given to the other Mac. Not ``mark-down``, which together
  with that cuts the request that noticed.
- ``observe layer4 ... mark-down`` for a service elsewhere: its machine may be without power, and three
  attempts in a row tell that sooner than checks. No ``shutdown-sessions`` there: in a power cut it cut 28
  of 400 requests that were only trying to connect; without it they are retried and none is lost.
- ``option redispatch 1``: any retry may go to the other Mac.
- ``tcp-ut`` and ``srvtcpka``: a machine without power closes nothing. What it has not acknowledged within a
  second fails, and two probes a second apart find it for those who wait for an answer; reads then go to the
  other.
- ``observe`` never looks at status codes: a service that answers 500 to everyone answers so on both Macs.
- The password of the statistics comes from the service's environment: this text holds no secret.
- The log names the machine that answered and the kind of thing asked (``/api/v1/patients``), never an
  identifier from the path nor a query string: those are about patients.
- ``/metrics`` of the service is for the machines, not for whoever reaches the floating address.
- ``hard-stop-after``: after a reload the old process ends its own connections, but not for ever; sessions
  with the medical records are cut then and open again.
"""

from hashlib import sha256

from components.haproxy_tunnels import FIRST_STATE, render_tunnels
from infra.config import ports
from infra.config.model import Hospital
from infra.config.node import Node

CONFIG = "/etc/haproxy/haproxy.cfg"
CERTIFICATE = "/etc/haproxy/edge.pem"
STATS_USER = "monitoring"
STATS_PASSWORD_VARIABLE = "PRONTUARIO_STATS_PASSWORD"  # noqa: S105 (a name, not a password)
ENVIRONMENT = "/etc/haproxy/statistics.env"
"""Where the unit reads that password from."""

UNIT = f"""\
[Unit]
StartLimitIntervalSec=0

[Service]
Restart=always
RestartSec=100ms
EnvironmentFile={ENVIRONMENT}
Nice=-10
CPUWeight=2000
"""
"""Drop-in for systemd: an edge that fell is back at once, however often. No password file, no start.
Who answers a clinician has the processor before whatever else a machine has to do: another one coming back
is work for everybody's control plane."""

ALIVE_URL = f"http://127.0.0.1:{ports.EDGE_ALIVE}/"
"""Answers on the machine itself, for keepalived and for whoever must know which configuration is in force."""

_ALIVE_BIND = f"127.0.0.1:{ports.EDGE_ALIVE}"
_OWN = "on-marked-down shutdown-sessions observe layer4 error-limit 1 on-error fastinter"
_ELSEWHERE = "observe layer4 error-limit 3 on-error mark-down"
_ERRORS = {
    400: ("Requisição inválida", "O servidor não conseguiu entender a requisição."),
    404: ("Endereço não encontrado", "Não há nada neste endereço. Confira o endereço e tente novamente."),
    408: ("Tempo esgotado", "A requisição demorou demais para chegar. Tente novamente."),
    500: ("Erro interno", "O servidor falhou. Tente novamente; se persistir, informe o código à TI."),
    502: (
        "Resposta interrompida",
        "O servidor parou durante a resposta. Confira se a operação foi registrada.",
    ),
    503: (
        "Sistema temporariamente indisponível",
        "Tente novamente em instantes. Confira antes se o que salvava foi registrado.",
    ),
    504: ("Tempo esgotado", "O servidor não respondeu a tempo. Confira se a operação foi registrada."),
}
_PAGE = (
    '<!doctype html><html lang="pt-BR"><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
    '<meta name="viewport" content="width=device-width"><title>Sistema indisponível</title>'
    "<h1>Sistema temporariamente indisponível</h1>"
    "<p>Esta página tenta de novo sozinha a cada 5 segundos.</p></html>"
)


def render_haproxy(hospital: Hospital, machine: str) -> str:
    """The whole haproxy.cfg of ``machine``, a name in ``hospital.nodes``; KeyError if it is not there."""
    edge, node = hospital.edge, hospital.nodes[machine]
    text = f"""\
# {machine}: written by `pulumi up` from the stack file; changes made here are lost.
global
    log stdout format raw local0 info
    user haproxy
    group haproxy
    chroot /var/lib/haproxy
    stats socket /run/haproxy/admin.sock user root group root mode 600 level admin
    maxconn {edge.max_connections}
    hard-stop-after 60s
    server-state-file {FIRST_STATE}
    ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
    ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
    ssl-default-server-options ssl-min-ver TLSv1.3

defaults
    mode http
    log global
    option dontlognull
    log-tag edge
    log-format "{_LOG}"
    timeout http-request 5s
    timeout http-keep-alive 30s
    timeout client {_ms(edge.server_timeout)}
    timeout client-fin 5s
    timeout connect {_ms(edge.connect_timeout)}
    timeout server {_ms(edge.server_timeout)}
    timeout queue 5s
    timeout tunnel 1h
{_error_answers()}

userlist monitoring
    user {STATS_USER} insecure-password "${{{STATS_PASSWORD_VARIABLE}}}"

frontend plain
    bind {edge.address}:{ports.HTTP}
    http-request redirect scheme https code 308

frontend hospital
    bind {edge.address}:{ports.HTTPS} ssl crt {CERTIFICATE} alpn h2,http/1.1
    acl named_request req.hdr(X-Request-ID) -m reg ^[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}$
    acl one_name req.hdr_cnt(X-Request-ID) eq 1
    http-request set-var(txn.request) req.hdr(X-Request-ID) if one_name named_request
    http-request set-var(txn.request) uuid() unless one_name named_request
    http-request set-var(txn.area) path,field(2,/)
    http-request set-var(txn.area) path,field(2,/,3) if {{ path_beg /api/ }}
    http-request del-header X-Forwarded- -m beg
    http-request del-header Forwarded
    http-request del-header X-Real-IP
    http-request set-header X-Request-ID %[var(txn.request)]
    http-request set-header X-Forwarded-Proto https
    option forwardfor
    http-after-response set-header Strict-Transport-Security max-age=31536000
    http-after-response set-header X-Request-ID %[var(txn.request)]
    http-after-response set-header X-Edge {machine}
    http-request deny deny_status 404 if {{ path,url_dec -m beg /metrics }}
    acl nobody_serves nbsrv(service) eq 0
    acl from_a_browser req.hdr(Accept) -m sub text/html
    http-request return status 503 content-type "text/html; charset=utf-8" string '{_PAGE}' \
hdr Retry-After 2 hdr Cache-Control no-store if nobody_serves from_a_browser
    default_backend service

backend service
    option httpchk
    http-check send meth GET uri /ready ver HTTP/1.1 hdr Host {hospital.domain} hdr User-Agent edge/{machine}
    http-check expect status 200
    option log-health-checks
    option http-server-close
    option abortonclose
    option redispatch 1
    option srvtcpka
    srvtcpka-idle 1s
    srvtcpka-intvl 1s
    srvtcpka-cnt 2
    retries 3
    retry-on conn-failure empty-response
    http-request disable-l7-retry unless {{ method GET HEAD OPTIONS }}
    timeout check {_ms(edge.health_check.timeout)}
{_servers(hospital, node)}

frontend statistics
    bind {node.debian_address}:{edge.stats_port} ssl crt {CERTIFICATE} alpn h2,http/1.1
    http-request auth realm edge unless {{ http_auth(monitoring) }}
    http-request set-log-level silent if {{ path /metrics }}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    stats enable
    stats uri /
    stats hide-version
    stats refresh 5s

frontend alive
    bind {_ALIVE_BIND}
    http-request set-log-level silent
    http-request return status 200 content-type text/plain string "revision @REVISION@"

{render_tunnels(hospital, machine)}"""
    return text.replace("@REVISION@", sha256(text.encode()).hexdigest()[:12])


_LOG = " ".join(
    [
        "client=%ci method=%HM area=/%[var(txn.area)] status=%ST server=%s ended=%tsc bytes=%B",
        "queue_ms=%Tw connect_ms=%Tc response_ms=%Tr total_ms=%Ta retries=%rc request=%[var(txn.request)]",
    ]
)


def _error_answers() -> str:
    return "\n".join(
        f"    http-error status {status} content-type application/problem+json lf-string "
        f'\'{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}",'
        f'"codigo":"%[var(txn.request)]"}}\' hdr Cache-Control no-store'
        + (" hdr Retry-After 2" if status == 503 else "")
        for status, (title, detail) in _ERRORS.items()
    )


def _servers(hospital: Hospital, here: Node) -> str:
    """The machine's own service, the others wait as ``backup``; on the witness the primary's comes first."""
    check = hospital.edge.health_check
    # Two requests of every user at once; whoever comes on top waits in the queue, where a deadline holds.
    at_once = 2 * hospital.service.users
    common = (
        f"    default-server check inter {_ms(check.interval)} fastinter {_ms(check.fast_interval)} "
        f"downinter {_ms(check.down_interval)} fall {check.failures} rise {check.successes} "
        f"maxconn {at_once} tcp-ut 1000"
    )
    nearest_first = sorted(hospital.macs.items(), key=lambda item: item[1] is not here)
    servers = [
        f"    server {name} {node.debian_address}:{hospital.service.port}"
        f" {_OWN if node is here else _ELSEWHERE}" + (" backup" if place else "")
        for place, (name, node) in enumerate(nearest_first)
    ]
    return "\n".join([common, *servers])


def _ms(seconds: float) -> str:
    """A time for HAProxy, which reads zero as no limit at all."""
    return f"{max(1, round(seconds * 1000))}ms"
