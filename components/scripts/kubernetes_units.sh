# The units that stand below the cluster: the pods' network and the kubelet.

start_kubelet() {
    systemctl daemon-reload
    systemctl enable --quiet kubelet
    ! systemctl is-active --quiet kubelet || systemctl restart kubelet
}

# start_unit UNIT
start_unit() {
    systemctl daemon-reload
    systemctl enable --quiet "$1"
    systemctl restart "$1"
}

# forget_unit UNIT: its file is gone, and systemd still knows how to stop it.
forget_unit() {
    systemctl stop "$1" 2>/dev/null || :
    rm -f /etc/systemd/system/*.target.wants/"$1"
    systemctl daemon-reload
}
