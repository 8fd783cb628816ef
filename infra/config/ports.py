"""Ports that are the same in every hospital: what listens on the machines beside what a stack file names.

One place, because three parties must agree on them: whoever listens, the firewall, and the rules that refuse
a stack file whose own ports collide with these.
"""

HTTP = 80
HTTPS = 443
EDGE_ALIVE = 8405
NODE_EXPORTER = 9100

API = 6443
"""Of the cluster, at the floating address: HAProxy passes it on to a machine's own API server."""
LOCAL_API = 6444
"""Of each machine's own API server, which listens on all its addresses: :data:`API` is HAProxy's there."""
RECORDS = 5432
"""Of the medical records, at the floating address."""
ETCD_CLIENT = 2379
ETCD_PEER = 2380
KUBELET = 10250

FIXED = {
    HTTP: "the edge's redirect to https",
    HTTPS: "the edge's https",
    EDGE_ALIVE: "the edge's sign of life",
    NODE_EXPORTER: "node_exporter",
    API: "the cluster's API at the floating address",
    LOCAL_API: "a machine's own API server",
    RECORDS: "the medical records at the floating address",
    ETCD_CLIENT: "etcd",
    ETCD_PEER: "etcd's peers",
    2381: "etcd's metrics",
    10248: "the kubelet's own health",
    10249: "kube-proxy's metrics",
    KUBELET: "the kubelet",
    10256: "kube-proxy's health",
    10257: "the controller manager",
    10259: "the scheduler",
    20244: "the network policies' health",
}
"""What a person reads when a stack file wants one of them for something else."""
