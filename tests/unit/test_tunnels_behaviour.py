"""The cluster's API and the records at the floating address, as their clients meet them: the real HAProxy of
the machines' image, small servers with certificates of two authorities, no network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.database_endpoints import CERTIFICATE_NAME
from components.haproxy import CERTIFICATE, CONFIG, STATS_PASSWORD_VARIABLE, render_haproxy
from components.haproxy_tunnels import (
    CLUSTER_AUTHORITY,
    FIRST_STATE,
    HOSPITAL_AUTHORITY,
    render_first_state,
)
from infra.config.load import read_stack_file
from lab.image import consumer

ROOT = Path(__file__).parents[2]
STAGE = f"""
set -e
ip link set lo up
for address in 192.168.100.100 192.168.100.10 192.168.100.11 192.168.100.12 \\
    10.96.77.1 10.96.77.2 10.96.77.3 10.96.77.4; do ip address add $address/32 dev lo; done
mkdir -p /run/haproxy
key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
for authority in hospital cluster stranger; do
    openssl req -x509 $key -subj /CN=$authority -days 1 -keyout $authority.key -out $authority.pem 2>/dev/null
done
# certify FILE AUTHORITY NAME
certify() {{
    openssl req $key -subj /CN=$3 -keyout leaf.key -out leaf.csr 2>/dev/null
    echo "subjectAltName=DNS:$3" > leaf.ext
    openssl x509 -req -in leaf.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 1 -extfile leaf.ext \\
        -out leaf.pem 2>/dev/null
    cat leaf.pem leaf.key > $1.pem
}}
certify records-1 hospital {CERTIFICATE_NAME}
certify records-2 hospital {CERTIFICATE_NAME}
certify records-3 stranger {CERTIFICATE_NAME}
certify records-4 hospital elsewhere.medical-data.svc
certify mac-a cluster mac-a
certify mac-b cluster mac-b
certify witness cluster mac-b
certify edge hospital edge
cp edge.pem {CERTIFICATE}
cp cluster.pem {CLUSTER_AUTHORITY}
cp hospital.pem {HOSPITAL_AUTHORITY}
{STATS_PASSWORD_VARIABLE}=any haproxy -W -f {CONFIG} > haproxy.log 2>&1 &
edge=$!
python3 probe.py
kill $edge
"""


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Any]:
    """Everything tunnels_probe.py saw through mac-a's edge."""
    hospital = read_stack_file(ROOT / "Pulumi.lab.yaml")
    probe = Path(__file__).with_name("tunnels_probe.py").read_text()
    files = {
        CONFIG: render_haproxy(hospital, "mac-a"),
        FIRST_STATE: render_first_state(hospital),
        "probe.py": probe,
    }
    answer = consumer(["sh", "-c", STAGE], files, timeout=120)
    assert answer.returncode == 0, answer.stderr
    found: Mapping[str, Any] = json.loads(answer.stdout)
    return found


@pytest.fixture
def records(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """What clients of the records saw."""
    return dict(seen["records"])


@pytest.fixture
def cluster(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """What clients of the cluster's API saw."""
    return dict(seen["cluster"])


def test_without_a_primary_nobody_answers_and_impostors_are_no_primary(records: Mapping[str, Any]) -> None:
    # Two more claim to be it all the time: one with a strange authority's certificate, one with another name.
    assert records["no_primary"] == ["nobody"]


def test_nobody_is_up_before_being_asked(seen: Mapping[str, Any]) -> None:
    before_the_first_check = seen["log"].partition("New worker")[0]
    for number in (1, 2, 3, 4):
        assert f"records/records-{number} is DOWN, changed from server-state" in before_the_first_check


def test_clients_reach_the_one_that_says_it_is_the_primary(records: Mapping[str, Any]) -> None:
    assert records["one_primary"] == ["records-1"]
    assert records["echo"] == "patient the-first"


def test_while_two_claim_to_be_primary_nobody_is_let_in(records: Mapping[str, Any]) -> None:
    assert records["two_primaries"] == ["nobody"]


def test_a_primary_that_moved_takes_new_clients_and_the_old_ones_are_cut(records: Mapping[str, Any]) -> None:
    assert records["moved"] == ["records-2"]
    assert records["cut_after_move_s"] < 2


def test_a_primary_that_no_longer_answers_loses_its_clients(records: Mapping[str, Any]) -> None:
    assert records["cut_after_hang_s"] < 8


def test_a_machines_own_api_server_answers_while_it_can(cluster: Mapping[str, Any]) -> None:
    assert cluster["own"] == ["mac-a"]


def test_anothers_api_server_answers_when_the_own_one_died(cluster: Mapping[str, Any]) -> None:
    assert cluster["other"] == ["mac-b"]
    assert cluster["own_died_s"] < 3


def test_a_machines_own_programs_find_another_api_server_without_the_floating_address(
    cluster: Mapping[str, Any],
) -> None:
    assert cluster["other_at_own_door"] == ["mac-b"]


def test_an_api_server_that_is_not_ready_or_shows_anothers_name_gets_nobody(
    cluster: Mapping[str, Any],
) -> None:
    assert cluster["none"] == ["nobody"]


def test_the_log_says_who_went_where_and_nothing_of_what_was_said(seen: Mapping[str, Any]) -> None:
    assert "front=records server=records-2 " in seen["log"]
    assert "front=kubernetes server=mac-b " in seen["log"]
    assert "the-first" not in seen["log"]  # no port and no id can hold it by chance
