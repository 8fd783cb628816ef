"""How a machine founds the cluster or joins it, and what is refused before anything changes."""

import pytest
import yaml

from components.kubeadm import CONFIG, FOLDER, VERSION
from components.remote_script import call
from tests.components.cluster_machine import (
    CERTIFICATE_KEY,
    MACHINE_ID,
    SETTLE,
    TICKET_STEP,
    TOKEN,
    Story,
    authority,
    founding,
    joining,
    look,
    play,
    settling,
    step,
    ticket,
)

TRACES = look(f"ls /etc/kubernetes/manifests /etc/kubernetes/pki {FOLDER}/member 2>/dev/null")


def untouched(story: Story) -> bool:
    """Nothing was founded, joined or reset, and no file of kubeadm's is there."""
    assert story.said[0].status != 0, story.said
    changing = [
        one for one in story.calls if one.startswith(("kubeadm init", "kubeadm join", "kubeadm reset"))
    ]
    return not changing and story.last.out == ""


# Founding


def test_the_first_machine_founds_the_cluster_with_the_stacks_authority() -> None:
    story = play(
        founding(),
        look(f"cat {FOLDER}/member; cat /etc/kubernetes/pki/ca.crt; stat -c %a /etc/kubernetes/pki/ca.key"),
    )
    assert story.said[0].status == 0, story.said
    assert story.called("kubeadm init") == [f"kubeadm init --config {CONFIG}"]
    assert story.last.out == f"mac-a-kubernetes\n{authority()['ca.crt']}600\n"


def test_founding_leaves_no_token_behind() -> None:
    assert any(
        "delete secret --field-selector type=bootstrap.kubernetes.io/token" in one
        for one in play(founding()).calls
    )


def test_a_second_run_changes_nothing() -> None:
    story = play(founding(), look("rm /calls"), founding())
    assert story.last.status == 0
    assert not story.called("kubeadm")


def test_founding_is_refused_beside_a_cluster_that_lives() -> None:
    story = play(founding(), TRACES, listens=(("192.168.100.12", 6444),))
    assert untouched(story)
    assert story.said[0].line == (
        "mac-a: mac-a-kubernetes: a cluster already runs on 192.168.100.12 and this machine is not in it: "
        "make replace NODE=mac-a"
    )


def test_founding_is_refused_while_another_machine_is_off() -> None:
    settle = call("settle", "mac-a", "192.168.100.10", VERSION, TICKET_STEP, "192.0.2.1")
    story = play(step(settle, settling()), TRACES)
    assert untouched(story)
    assert "192.0.2.1 does not say whether it has a cluster: start that machine" in story.said[0].line


def test_half_a_founding_is_cleared_away_first_and_keeps_the_configuration() -> None:
    story = play(founding(), look(f"ls {FOLDER}"), files={"/etc/kubernetes/manifests/etcd.yaml": "half"})
    assert story.said[0].status == 0, story.said
    assert [one.split()[1] for one in story.called("kubeadm")] == ["reset", "init"]
    assert "kubeadm.yaml" in story.last.out


# Joining


def test_a_machine_joins_with_its_ticket() -> None:
    story = play(joining(), look("cat /joined-with"))
    assert story.said[0].status == 0, story.said
    given = yaml.safe_load(story.last.out)
    assert given["discovery"]["bootstrapToken"]["token"] == TOKEN
    assert given["controlPlane"]["certificateKey"] == CERTIFICATE_KEY
    (pinned,) = given["discovery"]["bootstrapToken"]["caCertHashes"]
    assert pinned == f"sha256:{public_key_hash()}"


def public_key_hash() -> str:
    der = "openssl x509 -pubkey -noout -in /ca.crt | openssl pkey -pubin -outform der"
    return play(look(f"{der} | sha256sum")).last.out.split()[0]


def test_no_secret_of_a_ticket_is_in_a_command_line_or_left_on_the_machine() -> None:
    story = play(
        joining(),
        look(
            f"rm /joined-with /token /key; grep -rl -e {TOKEN} -e {CERTIFICATE_KEY} /run /etc /var /tmp || :"
        ),
    )
    assert not [one for one in story.calls if TOKEN in one or CERTIFICATE_KEY in one]
    # The steps themselves, which the driver of this test writes down; the door's runner removes them.
    assert [line for line in story.last.out.splitlines() if not line.startswith("/run/step-")] == []


def test_a_member_stays_one_when_its_ticket_has_expired() -> None:
    expired = step(SETTLE, settling(ticket(token="old")), remove="depart")
    story = play(joining(), look("rm /calls"), expired)
    assert story.last.status == 0, story.said
    assert not story.called("kubeadm")


@pytest.mark.parametrize("reason", ["token", "certificates"])
def test_an_expired_ticket_is_refused_before_anything_changes(reason: str) -> None:
    if reason == "token":
        story = play(step(SETTLE, settling(ticket(token="fedcba.0123456789abcdef"))), TRACES)
    else:
        story = play(joining(), TRACES, gone=("kubeadm-certs",))
    assert untouched(story)
    assert "the ticket has expired" in story.said[0].line
    assert story.said[0].line.endswith(f"nothing was changed: pulumi up --replace '**::{TICKET_STEP}'")


def test_a_wrong_certificate_key_is_named() -> None:
    said = "error: error decoding secret data with provided key: cipher: message authentication failed"
    story = play(
        joining(),
        look(f"ls {FOLDER}/member 2>/dev/null"),
        files={"/join-fails": f"[preflight] noise\n{said}\n"},
    )
    assert story.said[0].status != 0
    assert "the certificate key is not the one that the certificates were stored with" in story.said[0].line
    assert f"pulumi up --replace '**::{TICKET_STEP}'" in story.said[0].line
    assert story.last.out == ""


def test_a_name_that_another_machine_has_is_refused() -> None:
    story = play(step(SETTLE, settling(ticket("mac-a 192.168.100.10 " + "9" * 32))), TRACES)
    assert untouched(story)
    assert "the cluster already has a mac-a, which is another machine" in story.said[0].line
    assert "make replace NODE=mac-a" in story.said[0].line


def test_an_address_that_another_node_has_is_refused() -> None:
    story = play(step(SETTLE, settling(ticket("mac-b 192.168.100.10 2"))), TRACES)
    assert untouched(story)
    assert story.said[0].line.endswith(
        "the cluster's node mac-b already has the address 192.168.100.10: give one of the two another address"
    )


def test_the_same_machine_may_come_back() -> None:
    back = step(SETTLE, settling(ticket(f"mac-a 192.168.100.10 {MACHINE_ID}")))
    assert play(back).said[0].status == 0


def test_an_api_of_another_authority_is_not_believed() -> None:
    story = play(step(SETTLE, settling(ticket(), signed_by="other")), TRACES)
    assert untouched(story)
    assert "does not answer at https://192.168.100.100:6443 with the stack's authority" in story.said[0].line


def test_what_kubeadm_complains_of_becomes_one_line_and_points_to_all_of_it() -> None:
    story = play(
        joining(),
        files={"/join-fails": "[ERROR Swap]: swap is on\nerror: preflight\nTo see the stack trace\n"},
    )
    assert story.last.line.startswith(
        "mac-a: mac-a-kubernetes: kubeadm join failed: [ERROR Swap]: swap is on"
    )
    assert "/var/log/kubernetes/kubeadm-join.log" in story.last.line


# The ticket

MEMBER = {f"{FOLDER}/member": "mac-a-kubernetes\n"}


def test_a_member_makes_a_ticket_that_another_machine_can_join_with() -> None:
    made = play(step(call("ticket", "mac-b")), files={**MEMBER, "/nodes": "node mac-b 192.168.100.11 2\n"})
    assert made.last.out == f"token {TOKEN}\ncertificate-key {CERTIFICATE_KEY}\nnode mac-b 192.168.100.11 2\n"
    assert "--ttl 1h" in made.called("kubeadm token create")[0]
    assert play(step(SETTLE, settling(made.last.out))).last.status == 0


def test_a_machine_without_a_cluster_makes_none() -> None:
    story = play(step(call("ticket", "mac-b")))
    assert (story.last.out, story.calls) == ("none\n", [])


def test_no_ticket_while_a_member_of_etcd_is_ill() -> None:
    ill = "https://192.168.100.12:2379 is unhealthy: failed to commit proposal"
    story = play(
        step(call("ticket", "mac-b")), files={**MEMBER, "/etcd": f"{ill}\nError: unhealthy cluster\n"}
    )
    assert story.last.status != 0
    assert ill in story.last.line
    assert not story.called("kubeadm")


def test_a_voided_ticket_opens_nothing() -> None:
    story = play(step("void"), files=MEMBER)
    assert [one.partition("-n kube-system ")[2] for one in story.calls] == [
        "delete secret --field-selector type=bootstrap.kubernetes.io/token",
        "delete secret kubeadm-certs --ignore-not-found",
    ]
