"""The cluster as it stands on three machines: its members, its secrets, its walls and its names."""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components.kubeadm import AUDIT_FOLDER, VERSION
from infra.config.load import read_stack_file
from lab.hospital import Lab
from lab.images.catalogue import VALKEY
from lab.machine import Machine
from tests.lab.hospital.conftest import STACK
from toolchain.workspace import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.timeout(700)]
SPACE = "test-walls"
PORT = 6379
MARKER = "o-nome-da-paciente"
STRANGE_IMAGE = "docker.io/library/not-in-the-bundle:1"
ETCD = (
    "--endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt"
    " --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key"
)


def kubectl(
    lab: Lab, *arguments: str, stdin: str | None = None, check: bool = True, timeout: float = 60
) -> str:
    """What kubectl says on the first machine; with ``check`` false, also what it complains of."""
    command = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", *arguments]
    done = lab.machines["mac-a"].run(command, stdin=stdin, check=check, timeout=timeout)
    return done.stdout if check else done.stdout + done.stderr


def etcd(machine: Machine, words: str) -> str:
    return machine.run(["sh", "-c", f"etcdctl {ETCD} {words}"]).stdout


def eventually(holds: Callable[[], bool], what: str, within: float = 40) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not after {within} s"
        time.sleep(0.5)


def pod(name: str, machine: str, image: str, command: list[str], policy: str = "Never") -> dict[str, Any]:
    """A pod as the pools' rules want it, on one machine."""
    context = {
        "runAsNonRoot": True,
        "runAsUser": 999,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": policy,
        "command": command,
        "securityContext": context,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": SPACE, "labels": {"who": name}},
        "spec": {
            "nodeName": machine,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "containers": [container],
        },
    }


def objects() -> list[dict[str, Any]]:
    """One server that only its friend may speak to, both of them, a stranger, and one that cannot start."""
    image = f"{VALKEY.repository}:@valkey@"
    place = {"namespace": SPACE}
    wall = {
        "podSelector": {"matchLabels": {"who": "server"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"podSelector": {"matchLabels": {"who": "friend"}}}],
                "ports": [{"protocol": "TCP", "port": PORT}],
            }
        ],
    }
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE, "labels": labels}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "word", **place},
            "stringData": {"word": MARKER},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "friends", **place},
            "spec": wall,
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "server", **place},
            "spec": {"selector": {"who": "server"}, "ports": [{"port": PORT}]},
        },
        pod("server", "mac-a", image, ["valkey-server", "--save", "", "--protected-mode", "no"]),
        pod("friend", "mac-b", image, ["sleep", "600"]),
        pod("stranger", "mac-b", image, ["sleep", "600"]),
        pod("foreign", "mac-b", STRANGE_IMAGE, ["sleep", "600"], policy="IfNotPresent"),
    ]


@pytest.fixture(scope="module")
def walls(lab: Lab) -> Iterator[Lab]:
    """The pods of this module, running; they are gone afterwards."""
    names = lab.machines["mac-b"].run(["ctr", "--namespace=k8s.io", "images", "list", "-q"]).stdout.split()
    (tag,) = {name.rpartition(":")[2] for name in names if name.startswith(f"{VALKEY.repository}:")}
    manifests = {"apiVersion": "v1", "kind": "List", "items": objects()}
    kubectl(lab, "apply", "-f", "-", stdin=json.dumps(manifests).replace("@valkey@", tag))
    try:
        started = ["pod/server", "pod/friend", "pod/stranger"]
        kubectl(lab, "-n", SPACE, "wait", "--for=condition=Ready", "--timeout=50s", *started)
        yield lab
    finally:
        kubectl(lab, "delete", "namespace", SPACE, "--wait=false")


def ping(lab: Lab, who: str, host: str = "server") -> str:
    """What the server answers to ``who``, or why it does not."""
    return kubectl(
        lab,
        "-n",
        SPACE,
        "exec",
        who,
        "--",
        *f"timeout 3 valkey-cli -h {host} -p {PORT} ping".split(),
        check=False,
    )


# Members


def test_three_machines_are_ready_and_run_the_configured_version(lab: Lab) -> None:
    nodes = json.loads(kubectl(lab, "get", "nodes", "-o", "json"))["items"]
    assert {node["metadata"]["name"] for node in nodes} == set(lab.machines)
    for node in nodes:
        conditions = {one["type"]: one["status"] for one in node["status"]["conditions"]}
        assert conditions["Ready"] == "True"
        # Pressure would mean that the kubelet evicts, or refuses, what a hospital needs.
        assert conditions["DiskPressure"] == conditions["MemoryPressure"] == "False"
        assert node["status"]["nodeInfo"]["kubeletVersion"] == VERSION
        assert node["status"]["nodeInfo"]["kubeProxyVersion"] in ("", VERSION)


def test_etcd_has_three_healthy_members(lab: Lab) -> None:
    health = json.loads(etcd(lab.machines["witness"], "endpoint health --cluster -w json"))
    assert len(health) == 3
    assert all(one["health"] for one in health)
    members = json.loads(etcd(lab.machines["witness"], "member list -w json"))["members"]
    assert {one["name"] for one in members} == set(lab.machines)
    assert not any(one.get("isLearner") for one in members)


def test_no_ticket_is_left_that_could_open_the_cluster(lab: Lab) -> None:
    tokens = kubectl(
        lab,
        "-n",
        "kube-system",
        "get",
        "secrets",
        "--field-selector=type=bootstrap.kubernetes.io/token",
        "-o",
        "name",
    )
    assert tokens == ""
    assert "NotFound" in kubectl(lab, "-n", "kube-system", "get", "secret", "kubeadm-certs", check=False)


LIBRARY = "\n".join(
    ["machine=$(hostname) step=join limit=100 ticket_step=mac-b-ticket"]
    + [(ROOT / "components/scripts" / name).read_text() for name in ("door.sh", "kubernetes.sh")]
)
UNLOCK = """
public_key() {{ openssl x509 -pubkey -noout -in $authority | openssl pkey -pubin -outform der; }}
hash=$(public_key | sha256sum | cut -d" " -f1)
for folder in /etc/kubernetes $logs; do mount -t tmpfs tmpfs $folder; done
( kubeadm_does join phase control-plane-prepare download-certs {endpoint} --control-plane \
    --token {token} --certificate-key {key} --discovery-token-ca-cert-hash sha256:$hash ) 2>&1 || :
find /etc/kubernetes -type f | sort
"""
"""What a joining machine does with its ticket, on a member whose own files lie under a cover meanwhile."""


def test_a_ticket_with_a_wrong_certificate_key_opens_nothing(lab: Lab) -> None:
    sponsor, joining = lab.machines["mac-a"], lab.machines["mac-b"]
    try:
        said = sponsor.run(["sh", "-s"], stdin=f"{LIBRARY}\nticket mac-b", timeout=60).stdout.splitlines()
        ticket = dict(line.split(" ", 1) for line in said if not line.startswith("node "))
        endpoint = kubectl(lab, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")

        def unlock(key: str) -> str:
            words = {"endpoint": endpoint.removeprefix("https://"), "token": ticket["token"], "key": key}
            covered = ["unshare", "--mount", "--propagation", "private", "sh", "-s"]
            return joining.run(covered, stdin=LIBRARY + UNLOCK.format(**words), timeout=90).stdout

        right = ticket["certificate-key"]
        refused = unlock("".join("0" if digit != "0" else "1" for digit in right))
        assert "the certificate key is not the one that the certificates were stored with" in refused
        assert "pulumi up --replace '**::mac-b-ticket'" in refused
        assert "/etc/kubernetes" not in refused
        assert "/etc/kubernetes/pki/etcd/ca.key" in unlock(right).splitlines()
    finally:
        sponsor.run(["sh", "-s"], stdin=f"{LIBRARY}\nvoid", timeout=60)


LOOK_BEFORE_AN_UPGRADE = """
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
upgrade_settings apply '  kubernetesVersion: {version}'
kubeadm_does upgrade apply phase preflight --yes --config "$work/upgrade.yaml"
"""


def test_kubeadm_finds_nothing_that_stands_in_the_way_of_an_upgrade(lab: Lab) -> None:
    look = LIBRARY + LOOK_BEFORE_AN_UPGRADE.format(version=VERSION)
    looked = lab.machines["mac-a"].run(["sh", "-s"], stdin=look, check=False, timeout=120)
    assert looked.returncode == 0, looked.stdout + looked.stderr


# Secrets


def test_etcd_holds_no_secret_in_the_clear(walls: Lab) -> None:
    raw = etcd(walls.machines["mac-b"], f"get --print-value-only /registry/secrets/{SPACE}/word | base64 -w0")
    assert raw.startswith(b64encode(b"k8s:enc:secretbox:v1:first:").decode()[:32])
    plain = f"get --print-value-only /registry/secrets/{SPACE}/word | grep -c {MARKER} || :"
    assert etcd(walls.machines["mac-b"], plain) == "0\n"
    shown = kubectl(walls, "-n", SPACE, "get", "secret", "word", "-o", "jsonpath={.data.word}")
    assert shown == b64encode(MARKER.encode()).decode()


def test_the_audit_log_says_who_made_the_secret_and_not_what_it_is(walls: Lab) -> None:
    kubectl(walls, "-n", SPACE, "get", "secret", "word")
    lines = [
        json.loads(line)
        for machine in walls.machines.values()
        for line in machine.run(
            ["sh", "-c", f"grep -h {SPACE} {AUDIT_FOLDER}/audit.log || :"]
        ).stdout.splitlines()
    ]
    mine = [
        one
        for one in lines
        if one["objectRef"]["resource"] == "secrets" and one["objectRef"]["name"] == "word"
    ]
    assert {"create", "get"} <= {one["verb"] for one in mine}
    assert {one["user"]["username"] for one in mine} == {"kubernetes-admin"}
    assert {one["level"] for one in lines} == {"Metadata"}
    for machine in walls.machines.values():
        for word in (MARKER, b64encode(MARKER.encode()).decode()):
            assert machine.run(["grep", "-c", word, f"{AUDIT_FOLDER}/audit.log"], check=False).stdout == "0\n"


# Walls and names


def test_a_friend_gets_through_by_name_from_the_other_mac(walls: Lab) -> None:
    eventually(lambda: ping(walls, "friend") == "PONG\n", "the friend gets through")


def test_a_stranger_does_not(walls: Lab) -> None:
    eventually(lambda: ping(walls, "friend") == "PONG\n", "the friend gets through")
    assert "PONG" not in ping(walls, "stranger")
    address = kubectl(walls, "-n", SPACE, "get", "pod", "server", "-o", "jsonpath={.status.podIP}")
    assert "PONG" not in ping(walls, "stranger", address)


def test_another_machine_of_the_lan_does_not_get_in_either(walls: Lab) -> None:
    address = kubectl(walls, "-n", SPACE, "get", "pod", "server", "-o", "jsonpath={.status.podIP}")
    knock = ["timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{PORT}"]
    assert walls.machines["witness"].run(knock, check=False).returncode != 0


def test_the_hospitals_own_names_resolve_in_a_pod(walls: Lab) -> None:
    hospital = read_stack_file(ROOT / f"Pulumi.{STACK}.yaml")
    for name, address in {
        hospital.domain: hospital.edge.address,
        f"witness.{hospital.domain}": hospital.nodes["witness"].debian_address,
    }.items():
        said = kubectl(
            walls, "-n", SPACE, "exec", "friend", "--", "getent", "ahostsv4", f"{name}.", check=False
        )
        assert said.split()[:1] == [str(address)], said


def test_an_image_that_is_not_in_the_bundle_is_never_run(walls: Lab) -> None:
    def reason() -> str:
        path = "jsonpath={.status.containerStatuses[0].state.waiting.reason}"
        return kubectl(walls, "-n", SPACE, "get", "pod", "foreign", "-o", path)

    eventually(lambda: reason() in ("ErrImagePull", "ImagePullBackOff"), "the image is missed")
    images = walls.machines["mac-b"].run(["ctr", "--namespace=k8s.io", "images", "list", "-q"]).stdout
    assert STRANGE_IMAGE not in images


def test_our_firewall_loads_beside_the_clusters_rules(walls: Lab) -> None:
    for machine in walls.machines.values():
        machine.run(["nft", "-f", "/etc/prontuario/firewall.confirmed.nft"])
        tables = machine.run(["nft", "list", "tables"]).stdout.splitlines()
        assert {"table inet prontuario", "table ip kube-proxy", "table ip filter"} <= set(tables)
    eventually(lambda: ping(walls, "friend") == "PONG\n", "the friend gets through", within=10)
