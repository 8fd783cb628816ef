# Rules that could shut out the person who sets them are taken back by themselves. try_rules puts them in force for a
# while; confirm_rules is a later step that comes in by a new connection, which proves that the door is still open,
# and only then makes them permanent. At boot the machine loads what was confirmed last.
rules_file=/etc/prontuario/firewall.nft
confirmed=/etc/prontuario/firewall.confirmed.nft
undo=prontuario-firewall-undo

# try_rules PORT SECONDS
try_rules() {
    if cmp -s "$rules_file" "$confirmed"; then
        nft -f "$rules_file"
        return 0
    fi
    systemctl stop "$undo.timer" 2>/dev/null || :
    back='nft delete table inet prontuario'
    [ ! -f "$confirmed" ] || back="nft -f $confirmed"
    systemd-run --quiet --collect --unit="$undo" --on-active="$2" --timer-property=AccuracySec=1s /bin/sh -c "$back"
    nft -f "$rules_file"
    ss -Htn state established "( sport = :$1 )" | awk '{ print $4 }' | while read -r peer; do
        address=${peer%:*} address=${address#'[::ffff:'} address=${address%]}
        nft get element inet prontuario management "{ $address }" >/dev/null 2>&1 || {
            $back
            systemctl stop "$undo.timer"
            die "the new firewall would shut out the SSH session from $address, so it is not in force: come from the management network or correct lan.network"
        }
    done
}

# confirm_rules PORT
confirm_rules() {
    if ! cmp -s "$rules_file" "$confirmed"; then
        if ! systemctl is-active --quiet "$undo.timer"; then
            try_rules "$1" 180
            die "nobody confirmed the new firewall in time, so it was taken back; it is in force again for 3 minutes: run pulumi up again now, or correct the configuration if that cannot get in"
        fi
        systemctl stop "$undo.timer"
        cp "$rules_file" "$confirmed.new"
        sync "$confirmed.new"
        mv -fT "$confirmed.new" "$confirmed"
    fi
    systemctl enable --quiet prontuario-firewall
    systemctl restart prontuario-firewall
}

forget_rules() {
    systemctl stop "$undo.timer" 2>/dev/null || :
    systemctl disable --quiet --now prontuario-firewall 2>/dev/null || :
    nft delete table inet prontuario 2>/dev/null || :
    rm -f "$confirmed" "$confirmed.new"
}
