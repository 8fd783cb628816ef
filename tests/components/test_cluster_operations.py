"""Taking a machine out of a cluster that goes on, as the machines themselves do it."""

import pytest

from components.kubeadm import CONFIG, FOLDER, VERSION
from components.remote_script import call
from tests.components.cluster_machine import Story, look, play, settling, step

SETTLE = call("settle", "mac-a", "192.168.100.10", VERSION, "mac-b-mac-a-kubernetes-ticket")
MEMBERS = """\
a0, started, mac-a, https://192.168.100.10:2380, https://192.168.100.10:2379, false
b0, started, mac-b, https://192.168.100.11:2380, https://192.168.100.11:2379, false
c0, started, witness, https://192.168.100.12:2380, https://192.168.100.12:2379, false
"""
MEMBER = {f"{FOLDER}/member": "mac-a-kubernetes\n", "/members": MEMBERS}
EXPEL = step(call("expel", "mac-b"))


def untouched(story: Story) -> bool:
    """Nobody was drained, removed or deleted."""
    assert story.said[0].status != 0, story.said
    return not [
        one for one in story.calls if any(word in one for word in (" remove ", " delete ", " drain "))
    ]


def test_a_living_machine_is_emptied_before_etcd_and_the_cluster_forget_it() -> None:
    story = play(EXPEL, files={**MEMBER, "/ready": "True"})
    assert story.last.status == 0, story.said
    done = [one for one in story.calls if any(word in one for word in (" drain ", " remove ", " delete "))]
    assert [one.split()[0] for one in done] == ["kubectl", "etcdctl", "kubectl"]
    assert " drain mac-b " in done[0]
    assert done[1].endswith("member remove b0")
    assert " delete node mac-b " in done[2]


def test_a_lost_machine_is_not_waited_for() -> None:
    story = play(EXPEL, files={**MEMBER, "/ready": "Unknown"})
    assert story.last.status == 0, story.said
    assert not [one for one in story.calls if " drain " in one]
    assert [one for one in story.calls if one.endswith("member remove b0")]


def test_only_the_members_that_would_remain_are_asked() -> None:
    (asked,) = play(EXPEL, files=MEMBER).called("etcdctl --endpoints=https://192.168.100.10")
    assert "--endpoints=https://192.168.100.10:2379,https://192.168.100.12:2379 " in asked
    assert asked.endswith("endpoint health")


def test_it_is_refused_unless_both_others_are_healthy() -> None:
    ill = "https://192.168.100.12:2379 is unhealthy: failed to commit proposal: context deadline exceeded"
    story = play(EXPEL, files={**MEMBER, "/etcd": f"noise\n{ill}\nError: unhealthy cluster\n"})
    assert untouched(story)
    assert story.last.line.endswith(
        f"nothing was changed, because of the members that would remain one is not healthy: {ill}"
    )


@pytest.mark.parametrize("present", [("mac-a", "mac-b"), ("mac-a",)])
def test_it_is_refused_when_one_member_would_remain(present: tuple[str, ...]) -> None:
    lines = [line for line in MEMBERS.splitlines(keepends=True) if line.split(", ")[2] in present]
    story = play(EXPEL, files={**MEMBER, "/members": "".join(lines)})
    assert untouched(story)
    assert "without mac-b etcd would have one member" in story.last.line


def test_a_machine_whose_pods_cannot_move_stays_and_works_on() -> None:
    stuck = {"/ready": "True", "/stuck": "evicting\nerror: cannot evict pod records-1: disruption budget\n"}
    story = play(EXPEL, files={**MEMBER, **stuck})
    assert story.last.status != 0
    assert story.last.line.endswith(
        "so it stays a member: error: cannot evict pod records-1: disruption budget"
    )
    assert [one for one in story.calls if one.endswith("uncordon mac-b")]
    assert not [one for one in story.calls if " remove " in one or " delete " in one]


def test_a_machine_that_is_out_already_stays_out() -> None:
    without = "".join(line for line in MEMBERS.splitlines(keepends=True) if "mac-b" not in line)
    story = play(EXPEL, files={**MEMBER, "/members": without})
    assert story.last.status == 0, story.said
    assert not [one for one in story.calls if " member remove " in one]


def test_who_is_in_no_cluster_expels_nobody() -> None:
    assert untouched(play(EXPEL, files={"/members": MEMBERS}))


def test_what_is_left_on_the_machine_goes_and_its_configuration_stays() -> None:
    story = play(
        step(SETTLE, settling()),
        step("surrender"),
        look(f"ls {CONFIG} {FOLDER}/member /etc/kubernetes/pki 2>&1"),
    )
    assert story.said[1].status == 0, story.said
    assert story.called("kubeadm reset")[0].startswith(
        "kubeadm reset --force --skip-phases=remove-etcd-member "
    )
    assert story.last.out.splitlines()[-1] == CONFIG


def test_a_new_machine_has_nothing_to_surrender() -> None:
    assert not play(step("surrender")).called("kubeadm")


def test_a_survey_names_every_node_and_none_is_made_while_etcd_is_ill() -> None:
    lines = "mac-a True v1.36.3\nmac-b False v1.36.3\n"
    assert play(step("survey"), files={**MEMBER, "/nodes": lines}).last.out == lines
    ill = play(step("survey"), files={**MEMBER, "/etcd": "https://192.168.100.12:2379 is unhealthy: no\n"})
    assert ill.last.status != 0
