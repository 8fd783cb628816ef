# What components/database.py asks of a machine of the cluster. Kubernetes calls a database healthy that replicates
# nothing, so the database itself is asked.
records_kubectl() { kubectl --kubeconfig=/etc/kubernetes/admin.conf --request-timeout=5s "$@"; }

# await_records NAMESPACE CLUSTER STANDBYS SECONDS
await_records() {
    namespace=$1 cluster=$2 standbys=$3 deadline=$(($(date +%s) + $4)) primary='' found=''
    question="SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
    while [ "$(date +%s)" -lt "$deadline" ]; do
        primary=$(records_kubectl -n "$namespace" get cluster "$cluster" -o 'jsonpath={.status.currentPrimary}') || :
        if [ -n "$primary" ]; then
            found=$(records_kubectl -n "$namespace" exec "$primary" -c postgres -- psql -XAtc "$question" 2>/dev/null) || :
        fi
        case $found in
            '' | *[!0-9]*) found='' ;; # no answer, or no number
            *) [ "$found" -lt "$standbys" ] || return 0 ;;
        esac
        sleep 1
    done
    phase=$(records_kubectl -n "$namespace" get cluster "$cluster" -o 'jsonpath={.status.phase}' 2>/dev/null) || :
    die "after $4 s ${primary:-no instance} is primary with ${found:-no} of $standbys standbys streaming (${phase:-no answer from the API}): see kubectl -n $namespace get pods"
}

# await_gone NAMESPACE CLUSTER SECONDS: nothing of the database writes into its volumes any more.
await_gone() {
    deadline=$(($(date +%s) + $3))
    while [ "$(date +%s)" -lt "$deadline" ]; do
        left=$(records_kubectl -n "$1" get pods,persistentvolumeclaims -l "cnpg.io/cluster=$2" -o name 2>/dev/null) || return 0
        [ -n "$left" ] || return 0
        sleep 1
    done
    die "after $3 s there is still $(echo "$left" | tr '\n' ' '): see what holds it in namespace $1"
}
