# What components/detector.py does on a machine.

# make_detector_account ACCOUNT
make_detector_account() {
    getent group "$1" >/dev/null || groupadd --system "$1"
    getent passwd "$1" >/dev/null ||
        useradd --system --gid "$1" --home-dir "/var/lib/$1" --no-create-home \
            --shell /usr/sbin/nologin --comment 'failure detector' "$1"
}

# drop_detector_account ACCOUNT: with its history and its certificate.
drop_detector_account() {
    rm -rf "/var/lib/$1"
    ! getent passwd "$1" >/dev/null || userdel "$1"
    ! getent group "$1" >/dev/null || groupdel "$1"
}

# start_detector ACCOUNT COMMAND: its identity first; then wait until the others are known to it again, so that
# the next machine's restart finds two that can agree. A machine that is down makes this wait in vain, not fail.
start_detector() {
    install -d -m 0750 -o "$1" -g "$1" "/var/lib/$1"
    systemctl daemon-reload
    systemctl start "$1-identity.service" ||
        die "the detector got no certificate: see journalctl -u $1-identity"
    [ -s "/var/lib/$1/identity/client.crt" ] ||
        die "/etc/kubernetes/pki/ca.key is not there: this machine is no control plane, join it to the cluster first"
    systemctl enable --quiet --now "$1-identity.timer"
    systemctl enable --quiet "$1.service"
    systemctl restart "$1.service" || die "the detector does not start: see journalctl -u $1"
    for _ in $(seq 30); do
        sleep 0.5
        ! "$2" known || return 0
    done
    systemctl is-active --quiet "$1.service" || die "the detector stopped: see journalctl -u $1"
    say "its detector runs, but has not seen both other machines for ten seconds: look at prontuario-detector status"
}

# stop_detector ACCOUNT
stop_detector() {
    systemctl disable --quiet --now "$1.service" "$1-identity.timer" 2>/dev/null || :
    systemctl stop "$1-identity.service" 2>/dev/null || :
}
