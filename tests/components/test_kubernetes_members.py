"""How a member of the cluster takes another configuration or version, and how it leaves."""

import pytest

from components.kubeadm import CONFIG, FOLDER, VERSION, render_kubeadm
from components.remote_script import call
from tests.components.cluster_machine import HOSPITAL, SETTLE, founding, look, play, settling, step

# Another configuration

ANOTHER = render_kubeadm(HOSPITAL, "mac-a").replace("@cgroup_driver@", "systemd") + "# another\n"
RUNNING = f"    image: registry.k8s.io/kube-apiserver:{VERSION}\n"
MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
CHANGE = look(f"echo '# another' >>{CONFIG}; printf '{RUNNING}' >{MANIFEST}; rm /calls")


def test_another_configuration_is_put_in_force_and_remembered() -> None:
    story = play(founding(), CHANGE, founding(), look("grep ^kubeadm /calls; rm /calls"), founding())
    assert story.said[2].status == 0, story.said
    assert [line.partition(" --")[0] for line in story.said[3].out.splitlines()] == [
        "kubeadm init phase upload-config all",
        "kubeadm init phase kubelet-start",
        "kubeadm init phase control-plane all",
        "kubeadm init phase addon kube-proxy",
    ]
    assert not story.called("kubeadm")


def test_no_member_is_worked_on_while_another_is_ill() -> None:
    ill = look("echo 'https://192.168.100.11:2379 is unhealthy: no answer' >/etcd")
    story = play(founding(), CHANGE, ill, founding())
    assert story.last.status != 0
    assert "not every member of etcd is healthy, so this one stays as it is" in story.last.line
    assert not story.called("kubeadm")


@pytest.mark.parametrize(("of_cluster", "verb"), [("v1.35.0", "apply"), (VERSION, "node")])
def test_another_version_is_taken_by_the_first_and_followed_by_the_others(of_cluster: str, verb: str) -> None:
    older = look(f"sed -i s/:v1.*/:v1.35.0/ {MANIFEST}")
    story = play(
        founding(),
        CHANGE,
        older,
        founding(),
        files={"/cluster-configuration": f"kubernetesVersion: {of_cluster}\n"},
    )
    assert story.last.status == 0, story.said
    assert story.called("kubeadm")[0].startswith(f"kubeadm upgrade {verb} ")
    assert "systemctl restart kubelet" in story.calls


@pytest.mark.parametrize(
    ("was", "wanted"),
    [("podSubnet: 10.244.0.0/16", "podSubnet: 10.1.0.0/16"), ("192.168.100.100:6443", "192.168.100.99:6443")],
)
def test_what_a_running_cluster_cannot_change_is_refused(was: str, wanted: str) -> None:
    candidate = {"/candidate": ANOTHER.replace(was, wanted)}
    story = play(founding(), step("check_config /candidate"), files=candidate)
    assert story.last.status != 0
    assert f"and the stack file leads to {wanted.removeprefix('podSubnet: ')}" in story.last.line
    assert "put the old value back" in story.last.line


def test_a_configuration_that_kubeadm_refuses_stays_outside() -> None:
    story = play(
        step("check_config /candidate"), files={"/candidate": "", "/invalid": "error: unknown field\n"}
    )
    assert story.last.line.endswith("kubeadm refuses its configuration: error: unknown field")


def test_another_authority_than_the_running_clusters_is_refused() -> None:
    story = play(founding(), step(SETTLE, settling(signed_by="other")))
    assert "this machine's cluster was founded by another authority than the stack's" in story.last.line


# The scheduler's view, and leaving


def test_a_witness_is_tainted_and_a_mac_is_not() -> None:
    tainted = play(step(call("describe", "witness", "yes", "a=b")))
    assert tainted.calls[-1].endswith(
        "taint --overwrite node witness node-role.kubernetes.io/control-plane=:NoSchedule"
    )
    taints = {"/taints": "node-role.kubernetes.io/control-plane"}
    freed = play(step(call("describe", "mac-a", "no", "a=b")), files=taints)
    assert freed.calls[-1].endswith("taint node mac-a node-role.kubernetes.io/control-plane-")


TABLES = """
nft add table ip kube-proxy
nft add table ip6 kube-proxy
nft add table ip filter
nft add chain ip filter FORWARD
nft add chain ip filter KUBE-POD-FW-X
nft add table inet prontuario
"""


def test_a_machine_that_leaves_is_as_it_was() -> None:
    leave = step(SETTLE, settling(), remove="depart", verb="remove")
    story = play(
        founding(),
        look(TABLES),
        leave,
        look("nft list tables; ls -A /etc/kubernetes; ls -d /var/log/kubernetes"),
    )
    assert story.said[2].status == 0, story.said
    assert len(story.called("kubeadm reset")) == 1
    assert story.last.out == "table inet prontuario\nprontuario\n"


def test_what_another_program_filters_stays() -> None:
    leave = step(SETTLE, settling(), remove="depart", verb="remove")
    story = play(founding(), look(f"{TABLES}nft add chain ip filter DOCKER"), leave, look("nft list tables"))
    assert story.last.out.splitlines() == ["table ip filter", "table inet prontuario"]


def test_an_older_step_does_not_tear_a_member_out() -> None:
    older = step(SETTLE, settling(), remove="depart", verb="remove")
    story = play(founding(), look(f"echo mac-a-another >{FOLDER}/member"), older)
    assert story.last.status == 0
    assert not story.called("kubeadm reset")
