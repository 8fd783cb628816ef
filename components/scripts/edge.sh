# What components/load_balancer.py does on a machine.
alive_url=http://127.0.0.1:8405/

# check_certificate FILE: the key belongs to the certificate, and both can be read.
check_certificate() {
    python3 -c 'import ssl, sys; ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(sys.argv[1])' "$1"
}

# check_authority FILE: certificates that HAProxy can trust.
check_authority() {
    python3 -c 'import ssl, sys; ssl.create_default_context(cafile=sys.argv[1])' "$1" ||
        die "$1 holds no certificate of an authority"
}

# Warnings count as errors, but that the first state declares servers down is a warning and wanted.
check_haproxy() {
    sed 's/^ *\(load-\)\?server-state-.*//' "$1" |
        PRONTUARIO_STATS_PASSWORD=checked haproxy -dW -c -f /dev/stdin >/dev/null
}

# keepalived 2.2.7 ends a test run with SIGTERM to itself when a script has a user other than root: it takes its
# parent for a stranger unless that is process 0, as for the first process of a PID namespace.
check_keepalived() {
    unshare --pid --fork keepalived -t -f "$1"
}

# `systemctl reload` returns before the new process serves, and says nothing when it never does: wait for the
# process that answers with the new revision.
reload_haproxy() {
    systemctl reload-or-restart haproxy
    await_haproxy "$(sed -n 's/.*"\(revision [0-9a-f]*\)"$/\1/p' "$1")"
}

# The password is read when the service starts, not when it reloads: half a second without this edge.
restart_haproxy() {
    systemctl is-active --quiet haproxy || return 0
    systemctl restart haproxy
    await_haproxy revision
}

await_haproxy() {
    for _ in $(seq 50); do
        case $(curl --silent --max-time 1 "$alive_url") in "$1"*) return 0 ;; esac
        sleep 0.1
    done
    die "haproxy does not serve its new configuration after 5 s: see journalctl -u haproxy"
}

reload_keepalived() {
    systemctl reload-or-restart keepalived
    for _ in $(seq 5); do
        systemctl is-active --quiet keepalived || die "keepalived stopped: see journalctl -u keepalived"
        sleep 0.1
    done
}

# forget_unit SERVICE: our drop-in is gone, so is its folder unless somebody else has one there.
forget_unit() {
    rmdir --ignore-fail-on-non-empty "/etc/systemd/system/$1.service.d" 2>/dev/null || :
    systemctl daemon-reload
}
