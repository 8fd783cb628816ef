# What MacStudio and Witness do on a Debian that somebody else installed.

# preflight RELEASE ARCHITECTURE FREE_MB PACKAGE...: everything that would stop a later step, said at once.
preflight() {
    release=$1 architecture=$2 free_mb=$3
    shift 3
    problems=''
    found=$(. /etc/os-release && echo "${VERSION_CODENAME:-${ID:-unknown}}")
    [ "$found" = "$release" ] || problems="$problems; it runs $found: install Debian $release"
    found=$(uname -m)
    [ "$found" = "$architecture" ] ||
        problems="$problems; it is $found: install Debian for $architecture or correct the stack file"
    [ -d /run/systemd/system ] || problems="$problems; systemd does not run it: boot it with systemd"
    free=$(df -Pm /var | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$free_mb" ] || problems="$problems; /var has $free MB left: free $free_mb MB"
    missing=''
    for package; do
        case $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) in
            ii*) ;;
            *) missing="$missing $package" ;;
        esac
    done
    [ -z "$missing" ] || problems="$problems; packages are missing: apt-get install$missing"
    [ -z "$problems" ] || die "this machine is not ready${problems}"
}

# set_names NAME: the block of /etc/hosts is on standard input.
set_names() {
    [ "$(cat /etc/hostname 2>/dev/null)" = "$1" ] || echo "$1" >/etc/hostname
    [ "$(uname -n)" = "$1" ] || hostname "$1"
    # A name that leads to 127.0.1.1 on its own machine makes services listen where no other machine finds them.
    hosts_without_us | grep -v '^127\.0\.1\.1[[:space:]]' >/etc/hosts.new || :
    {
        echo '# prontuario: begin'
        cat
        echo '# prontuario: end'
    } >>/etc/hosts.new
    settle_hosts
}

forget_names() {
    hosts_without_us >/etc/hosts.new
    grep -q '^127\.0\.1\.1[[:space:]]' /etc/hosts.new || echo "127.0.1.1 $(uname -n)" >>/etc/hosts.new
    settle_hosts
}

hosts_without_us() { sed '/^# prontuario: begin$/,/^# prontuario: end$/d' /etc/hosts; }

settle_hosts() {
    chmod 0644 /etc/hosts.new
    sync /etc/hosts.new
    mv -fT /etc/hosts.new /etc/hosts
}

make_account() {
    getent group prontuario >/dev/null || groupadd --system prontuario
    getent passwd prontuario >/dev/null ||
        useradd --system --gid prontuario --home-dir /var/lib/prontuario --no-create-home \
            --shell /usr/sbin/nologin --comment 'medical record services' prontuario
}

# The account stays as long as something is left that belongs to it: another account would inherit its number.
drop_account() {
    [ ! -d /var/lib/prontuario ] || return 0
    getent passwd prontuario >/dev/null || return 0
    userdel prontuario
    ! getent group prontuario >/dev/null || groupdel prontuario
}

make_directories() {
    install -d -m 0755 -o root -g root /etc/prontuario /opt/prontuario /opt/prontuario/releases
    install -d -m 0750 -o prontuario -g prontuario /var/lib/prontuario /var/log/prontuario
}

# Patients' data is never removed by a machine's destruction, only empty directories are.
drop_directories() {
    rm -rf /opt/prontuario /var/log/prontuario
    for directory in /etc/prontuario /var/lib/prontuario; do
        [ ! -d "$directory" ] || find "$directory" -depth -type d -empty -delete
    done
}

# serve_metrics ADDRESS PORT
serve_metrics() {
    systemctl daemon-reload
    systemctl enable --quiet prometheus-node-exporter
    systemctl restart prometheus-node-exporter
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        ! curl -fsS -o /dev/null --max-time 2 "http://$1:$2/metrics" 2>/dev/null || return 0
        sleep 0.5
    done
    die "prometheus-node-exporter does not answer at $1:$2: journalctl -u prometheus-node-exporter"
}

drop_metrics() {
    systemctl disable --quiet --now prometheus-node-exporter 2>/dev/null || :
    systemctl daemon-reload
}
