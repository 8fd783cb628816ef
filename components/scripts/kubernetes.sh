# What components/kubernetes.py does on a machine: found the cluster, join it, keep its part as configured, leave it.
#
# A machine is a member when `member` lies beside its configuration: kubeadm's own files are there after half a
# founding or joining too. `in-force.yaml` is the configuration that its parts were last made from.
folder=/etc/kubernetes/prontuario
config=$folder/kubeadm.yaml
in_force=$folder/in-force.yaml
member_file=$folder/member
authority=/etc/kubernetes/pki/ca.crt
etcd_data=/var/lib/etcd/member-data
local_api=https://127.0.0.1:6444
logs=/var/log/kubernetes
export KUBECONFIG=/etc/kubernetes/admin.conf

kubectl_here() { kubectl --server="$local_api" --request-timeout=20s "$@"; }

etcd_here() { etcd_at https://127.0.0.1:2379 "$@"; }

# etcd_at ENDPOINTS ARGUMENTS...
etcd_at() {
    endpoints=$1
    shift
    etcdctl --endpoints="$endpoints" --cacert=/etc/kubernetes/pki/etcd/ca.crt --dial-timeout=5s \
        --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key "$@"
}

# choose_cgroup_driver: a filter; systemd keeps the control groups where there is one hierarchy, as for containerd.
choose_cgroup_driver() {
    driver=cgroupfs
    [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] || driver=systemd
    sed "s/@cgroup_driver@/$driver/"
}

# check_config FILE: a candidate for $config. What a running cluster cannot change is refused here, before the rest.
check_config() {
    said=$(kubeadm config validate --config "$1" 2>&1) || die "kubeadm refuses its configuration: $(last_words "$said")"
    [ -f "$in_force" ] || return 0
    for key in controlPlaneEndpoint podSubnet serviceSubnet dnsDomain dataDir; do
        was=$(value_of "$key" "$in_force") wanted=$(value_of "$key" "$1")
        [ "$was" = "$wanted" ] ||
            die "the cluster was founded with $key $was, and the stack file leads to $wanted: a running cluster cannot change that; put the old value back, or destroy the stack and build it anew"
    done
}

value_of() { sed -n "s/^ *$1: *//p" "$2" | head -n 1 | tr -d "\"'"; }

last_words() { printf '%s\n' "$1" | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c1-600; }

# kubeadm_does VERB ARGUMENTS...: its words go to a file, those that matter into one line of ours.
kubeadm_does() {
    install -d -m 0700 "$logs"
    log=$logs/kubeadm-$1.log
    (umask 077 && : >"$log")
    kubeadm "$@" >"$log" 2>&1 </dev/null || die "kubeadm $1 failed: $(why "$log")"
}

why() {
    if grep -qE 'could not find a JWS signature|Unauthorized|token id .* is invalid|"kubeadm-certs" (was )?not found' "$1"; then
        echo "the ticket has expired: pulumi up --replace '**::$ticket_step'"
    elif grep -qE 'message authentication failed|error decoding secret data with provided key' "$1"; then
        echo "the certificate key is not the one that the certificates were stored with: pulumi up --replace '**::$ticket_step'"
    else
        { grep -m 1 '\[ERROR ' "$1" || grep -E '^error|rror:|failed|timed out' "$1" | tail -n 1; } | cut -c1-500
        echo "(all of it: $1)"
    fi | tr '\n' ' '
}

# settle NAME ADDRESS VERSION TICKET_STEP OTHER...: makes this machine the member it is configured to be. On standard
# input: its ticket, the template to join with, the authority's certificate and key.
settle() {
    name=$1 address=$2 version=$3 ticket_step=$4
    shift 4
    work=$(mktemp -d /run/prontuario.XXXXXX)
    trap 'rm -rf "$work"' EXIT
    cat >"$work/all"
    part CERTIFICATE >"$work/ca.crt"
    part 'EC PRIVATE KEY' >"$work/ca.key"
    [ -s "$work/ca.crt" ] && [ -s "$work/ca.key" ] || die "the cluster's authority did not arrive: run again"
    if [ -f "$member_file" ]; then
        cmp -s "$work/ca.crt" "$authority" ||
            die "this machine's cluster was founded by another authority than the stack's: restore the stack's state, or destroy the cluster on this machine with 'kubeadm reset'"
        if ! cmp -s "$config" "$in_force"; then
            renew
        fi
    elif grep -q '^token ' "$work/all"; then
        join
    else
        found "$@"
    fi
    await_ready
    cp "$config" "$in_force.new"
    mv -fT "$in_force.new" "$in_force"
    echo "$step" >"$member_file"
    sync -f "$folder"
}

part() { sed -n "/^-----BEGIN $1-----\$/,/^-----END $1-----\$/p" "$work/all"; }

# found OTHER...: addresses of the other machines. Never a second cluster beside one that lives.
found() {
    for other; do
        case $(knock "$other") in
            refused) ;; # the machine lives, and has no API server
            open) die "a cluster already runs on $other and this machine is not in it: make replace NODE=$name" ;;
            *) die "$other does not say whether it has a cluster: start that machine, then run again" ;;
        esac
    done
    start_over
    install -d -m 0755 /etc/kubernetes/pki
    install -m 0644 "$work/ca.crt" "$authority"
    (umask 077 && cp "$work/ca.key" /etc/kubernetes/pki/ca.key)
    kubeadm_does init --config "$config"
    # kubeadm leaves a token for a day; ours are made for one machine each.
    kubectl_here -n kube-system delete secret --field-selector type=bootstrap.kubernetes.io/token >/dev/null
}

# knock ADDRESS: `open`, `refused` or `silent`; curl says the same of a machine that is off and of a closed port.
knock() {
    python3 - "$1" <<'END'
import errno, socket, sys
with socket.socket() as door:
    door.settimeout(4)
    said = {0: "open", errno.ECONNREFUSED: "refused"}
    print(said.get(door.connect_ex((sys.argv[1], 6444)), "silent"))
END
}

join() {
    may_join
    token=$(sed -n 's/^token //p' "$work/all") key=$(sed -n 's/^certificate-key //p' "$work/all")
    start_over
    hash=$(openssl x509 -pubkey -noout -in "$work/ca.crt" | openssl pkey -pubin -outform der 2>/dev/null | sha256sum | cut -d' ' -f1)
    sed -n '/^apiVersion: /,/^-----BEGIN/p' "$work/all" | sed '/^-----BEGIN/d' >"$work/template"
    # Not in an argument of sed, which the process list would show.
    {
        echo "s/{AUTHORITY_HASH}/$hash/"
        echo "s/{CERTIFICATE_KEY}/$key/"
        echo "s/{TOKEN}/$token/"
    } >"$work/fill"
    sed -f "$work/fill" "$work/template" >"$work/join.yaml"
    kubeadm_does join --config "$work/join.yaml"
}

# may_join: everything that would stop the joining, before anything changes here or there.
may_join() {
    endpoint=$(value_of controlPlaneEndpoint "$config")
    id=$(cat /etc/machine-id)
    while read -r kind their_name their_address their_id; do
        [ "$kind" = node ] || continue
        if [ "$their_name" = "$name" ] && [ "$their_id" != "$id" ]; then
            die "the cluster already has a $name, which is another machine (id $their_id, this one is $id): if that one is lost, make replace NODE=$name; else give this one another name"
        elif [ "$their_name" != "$name" ] && [ "$their_address" = "$address" ]; then
            die "the cluster's node $their_name already has the address $address: give one of the two another address"
        fi
    done <"$work/all"
    sed -n 's/^token \(.*\)/header = "Authorization: Bearer \1"/p' "$work/all" >"$work/bearer"
    for thing in kubeadm-config:configmaps kubeadm-certs:secrets; do
        answer=$(curl --silent --noproxy '*' --max-time 10 --cacert "$work/ca.crt" --config "$work/bearer" \
            --output /dev/null --write-out '%{http_code}' \
            "https://$endpoint/api/v1/namespaces/kube-system/${thing#*:}/${thing%:*}") || :
        case $answer in
            200) ;;
            401 | 404) die "the ticket has expired (${thing%:*}: $answer), nothing was changed: pulumi up --replace '**::$ticket_step'" ;;
            000) die "the cluster's API does not answer at https://$endpoint with the stack's authority: see haproxy on the machine that holds the address" ;;
            *) die "the cluster's API at https://$endpoint answers $answer for ${thing%:*}: look at its log" ;;
        esac
    done
}

# start_over: away with what half a founding or joining left. Not with pods' data, and never on a member.
start_over() {
    [ ! -f "$member_file" ] || die "this machine is a member: nothing was changed"
    if [ -n "$(ls -A /etc/kubernetes/manifests 2>/dev/null)" ] || [ -f /etc/kubernetes/kubelet.conf ] || [ -d "$etcd_data" ]; then
        leave
    fi
}

# leave [OPTION OF kubeadm reset]
leave() {
    ours=$(mktemp -d /run/prontuario.XXXXXX)
    cp -a "$folder/." "$ours"
    kubeadm reset --force "$@" --cri-socket unix:///run/containerd/containerd.sock >/run/prontuario-reset.log 2>&1 </dev/null ||
        die "kubeadm reset failed: $(tail -n 1 /run/prontuario-reset.log)"
    rm -rf "$etcd_data" /etc/kubernetes/pki /run/cni-ipam
    install -d -m 0700 "$folder"
    cp -a "$ours/." "$folder"
    rm -rf "$ours" "$member_file" "$in_force"
}

# renew: another configuration or version on a member. Every part is made anew by the kubeadm of the wanted version.
renew() {
    healthy_or_die
    running=$(sed -n 's/.*image: .*kube-apiserver:\(.*\)/\1/p' /etc/kubernetes/manifests/kube-apiserver.yaml)
    if [ "$running" != "$version" ]; then
        upgrade
    fi
    kubeadm_does init phase upload-config all --config "$config"
    kubeadm_does init phase kubelet-start --config "$config"
    kubeadm_does init phase control-plane all --config "$config"
    kubeadm_does init phase addon kube-proxy --config "$config"
    sleep 5 # the kubelet looks at the manifests
}

# upgrade: the first machine to come here takes the cluster to $version, the others follow.
upgrade() {
    of_cluster=$(kubectl_here -n kube-system get configmap kubeadm-config -o 'jsonpath={.data.ClusterConfiguration}' |
        sed -n 's/^kubernetesVersion: //p')
    if [ "$of_cluster" = "$version" ]; then
        upgrade_settings node
        kubeadm_does upgrade node --config "$work/upgrade.yaml"
    else
        upgrade_settings apply "  kubernetesVersion: $version"
        kubeadm_does upgrade apply --yes --config "$work/upgrade.yaml"
    fi
    systemctl restart kubelet
    await_ready
}

# upgrade_settings VERB [LINE]. The names are answered by a CoreDNS of ours (components/addons.py): without these words
# kubeadm looks for its own, misses it, and refuses.
upgrade_settings() {
    cat >"$work/upgrade.yaml" <<END
apiVersion: kubeadm.k8s.io/v1beta4
kind: UpgradeConfiguration
$1:
  imagePullPolicy: Never
  ignorePreflightErrors: [SystemVerification, CoreDNSMigration, CoreDNSUnsupportedPlugins]
  skipPhases: [addon/coredns]
${2-}
END
}

# healthy_or_die: one member may be worked on only while the others are whole.
healthy_or_die() {
    said=$(etcd_here endpoint health --cluster 2>&1) ||
        die "not every member of etcd is healthy, so this one stays as it is: $(printf '%s' "$said" | grep -m 1 unhealthy | cut -c1-300)"
}

await_ready() {
    for _ in $(seq 120); do
        if [ "$(curl --silent --insecure --noproxy '*' --max-time 3 "$local_api/readyz" 2>/dev/null)" = ok ] &&
            kubectl_here wait --for=condition=Ready "node/$name" --timeout=1s >/dev/null 2>&1; then
            return 0
        fi
        sleep 1
    done
    die "the node $name is not ready after 2 minutes: journalctl -u kubelet, and kubectl describe node $name"
}

# describe NAME TAINTED LABEL...: what the scheduler may know of this machine, whatever it said when it joined.
describe() {
    name=$1 tainted=$2
    shift 2
    kubectl_here label --overwrite node "$name" "$@" >/dev/null
    taint=node-role.kubernetes.io/control-plane
    if [ "$tainted" = yes ]; then
        kubectl_here taint --overwrite node "$name" "$taint=:NoSchedule" >/dev/null
    elif kubectl_here get node "$name" -o 'jsonpath={.spec.taints[*].key}' | grep -qF "$taint"; then
        kubectl_here taint node "$name" "$taint-" >/dev/null
    fi
}

# ticket NAME: lets the machine NAME join, within the hour. Prints `none` on a machine that has no cluster yet.
ticket() {
    [ -f "$member_file" ] || {
        echo none
        return 0
    }
    healthy_or_die
    install -d -m 0700 "$logs"
    key=$(kubeadm init phase upload-certs --upload-certs --config "$config" 2>"$logs/kubeadm-ticket.log" | tail -n 1)
    token=$(kubeadm token create --ttl 1h --description "prontuario: $1" 2>>"$logs/kubeadm-ticket.log") ||
        die "no ticket for $1: $(last_words "$(cat "$logs/kubeadm-ticket.log")")"
    echo "token $token"
    echo "certificate-key $key"
    node='node {.metadata.name} {.status.addresses[?(@.type=="InternalIP")].address} {.status.nodeInfo.machineID}'
    kubectl_here get nodes -o "jsonpath={range .items[*]}$node{\"\\n\"}{end}"
}

# void: no ticket opens anything any more; machines join one after the other, so there is at most one.
void() {
    [ -f "$member_file" ] || return 0
    kubectl_here -n kube-system delete secret --field-selector type=bootstrap.kubernetes.io/token >/dev/null
    kubectl_here -n kube-system delete secret kubeadm-certs --ignore-not-found >/dev/null
}

# depart: this machine is no longer part of a hospital. Only for the step that made it a member last.
depart() {
    [ -f "$member_file" ] && [ "$(cat "$member_file")" = "$step" ] || return 0
    leave
    for table in 'ip kube-proxy' 'ip6 kube-proxy'; do
        # shellcheck disable=SC2086  # family and name
        nft delete table $table 2>/dev/null || :
    done
    # The policies' engine writes through iptables, whose table another program could use too.
    for family in ip ip6; do
        others=$(nft list table "$family" filter 2>/dev/null | grep 'chain ' | grep -cv 'KUBE-\|INPUT\|FORWARD\|OUTPUT') || :
        [ "$others" != 0 ] || nft delete table "$family" filter 2>/dev/null || :
    done
    rm -rf "$logs"
    rmdir /etc/kubernetes/manifests 2>/dev/null || :
}
