# What infra/operations does on a machine of the cluster, by the functions of kubernetes.sh.

# expel NAME: the machine NAME, lost or about to be made anew, is no longer part of the cluster. What runs there moves
# first, if it can. Done again it changes nothing.
expel() {
    [ -f "$member_file" ] || die "this machine is in no cluster itself: nothing was changed"
    members=$(etcd_here member list) || die "etcd does not answer here: nothing was changed; start the other machines first"
    rest=$(printf '%s\n' "$members" | awk -F', ' -v name="$1" '$3 != name { print $5 }')
    [ "$(printf '%s\n' "$rest" | grep -c .)" -ge 2 ] ||
        die "without $1 etcd would have one member and no second copy: nothing was changed; bring the others in first"
    said=$(etcd_at "$(printf '%s\n' "$rest" | paste -sd,)" endpoint health 2>&1) ||
        die "nothing was changed, because of the members that would remain one is not healthy: $(printf '%s' "$said" | grep -m 1 unhealthy | cut -c1-300)"
    ready=$(kubectl_here get node "$1" --ignore-not-found -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')
    if [ "$ready" = True ]; then
        said=$(kubectl_here drain "$1" --ignore-daemonsets --delete-emptydir-data --force --timeout=120s 2>&1) || {
            kubectl_here uncordon "$1" >/dev/null
            die "what runs on $1 does not move elsewhere, so it stays a member: $(last_words "$said")"
        }
    fi
    id=$(printf '%s\n' "$members" | awk -F', ' -v name="$1" '$3 == name { print $1 }')
    [ -z "$id" ] || etcd_here member remove "$id" >/dev/null
    kubectl_here delete node "$1" --ignore-not-found >/dev/null
}

# surrender: what expel leaves on the machine itself. Its part of etcd is gone already.
surrender() {
    [ ! -f /etc/kubernetes/kubelet.conf ] && [ ! -d "$etcd_data" ] || leave --skip-phases=remove-etcd-member
}

# survey: one line for each node, `name ready version`; only while every member of etcd is healthy.
survey() {
    healthy_or_die
    node='{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion}'
    kubectl_here get nodes -o "jsonpath={range .items[*]}$node{\"\\n\"}{end}"
}
