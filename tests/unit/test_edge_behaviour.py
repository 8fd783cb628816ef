"""The edge as a client meets it: the real HAProxy of the machines' image, two small services, no network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

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
PASSWORD = "only-for-this-test"
STAGE = f"""
set -e
ip link set lo up
for address in 192.168.100.100 192.168.100.10 192.168.100.11; do ip address add $address/32 dev lo; done
mkdir -p /run/haproxy
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=edge -days 1 \\
    -addext subjectAltName=IP:192.168.100.100,IP:192.168.100.10 -keyout key.pem -out cert.pem 2>/dev/null
cat cert.pem key.pem > {CERTIFICATE}
cp cert.pem {CLUSTER_AUTHORITY}
cp cert.pem {HOSPITAL_AUTHORITY}
{STATS_PASSWORD_VARIABLE}={PASSWORD} haproxy -W -f {CONFIG} > haproxy.log 2>&1 &
edge=$!
python3 probe.py {PASSWORD}
kill $edge
"""


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Any]:
    """Everything the client of edge_probe.py saw, by the name of its request."""
    hospital = read_stack_file(ROOT / "Pulumi.lab.yaml")
    probe = Path(__file__).with_name("edge_probe.py").read_text()
    files = {
        CONFIG: render_haproxy(hospital, "mac-a"),
        FIRST_STATE: render_first_state(hospital),
        "probe.py": probe,
    }
    answer = consumer(["sh", "-c", STAGE], files, timeout=60)
    assert answer.returncode == 0, answer.stderr
    found: Mapping[str, Any] = json.loads(answer.stdout)
    return found


def test_the_own_service_answers_and_both_machines_are_named(seen: Mapping[str, Any]) -> None:
    assert seen["read"]["status"] == 200
    assert seen["read"]["body"]["machine"] == "mac-a"
    assert seen["read"]["headers"]["x-edge"] == "mac-a"


def test_devices_are_told_to_come_back_by_https_only(seen: Mapping[str, Any]) -> None:
    assert seen["read"]["headers"]["strict-transport-security"] == "max-age=31536000"


def test_plain_http_is_sent_to_https_with_its_method(seen: Mapping[str, Any]) -> None:
    assert seen["plain"]["status"] == 308
    assert seen["plain"]["headers"]["location"] == "https://192.168.100.100/api/v1/ping?value=1"


def test_an_older_tls_is_refused(seen: Mapping[str, Any]) -> None:
    assert seen["protocol"] == "TLSv1.3"
    assert seen["tls_1_2"] == "refused"


def test_the_service_learns_the_clients_address_and_nothing_a_client_claims(seen: Mapping[str, Any]) -> None:
    told = seen["liar"]["body"]["headers"]
    assert told["x-forwarded-for"] == "127.0.0.1" or told["x-forwarded-for"].startswith("192.168.100.")
    assert told["x-forwarded-proto"] == "https"
    assert not {"forwarded", "x-real-ip", "x-forwarded-host"} & set(told)


def test_a_callers_request_id_is_kept_and_a_strange_one_replaced(seen: Mapping[str, Any]) -> None:
    assert seen["named"]["headers"]["x-request-id"] == "visit-42"
    assert seen["named"]["body"]["headers"]["x-request-id"] == "visit-42"
    replaced = seen["liar"]["headers"]["x-request-id"]
    assert replaced == seen["liar"]["body"]["headers"]["x-request-id"]
    assert len(replaced) == 36


@pytest.mark.parametrize("request_", ["metrics", "hidden_metrics"])
def test_the_services_metrics_are_not_for_the_clinic(seen: Mapping[str, Any], request_: str) -> None:
    assert seen[request_]["status"] == 404
    assert seen[request_]["body"]["title"] == "Endereço não encontrado"


def test_the_statistics_ask_for_the_password(seen: Mapping[str, Any]) -> None:
    assert seen["statistics_stranger"]["status"] == 401
    assert seen["statistics_wrong"]["status"] == 401
    assert seen["statistics"]["status"] == 200
    assert "haproxy_server_status" in seen["statistics_metrics"]["text"]


def test_the_statistics_take_no_orders(seen: Mapping[str, Any]) -> None:
    assert seen["statistics_order"]["status"] != 200
    assert seen["after_order"]["body"]["machine"] == "mac-a"


def test_a_dead_services_requests_reach_the_other_mac_writes_too(seen: Mapping[str, Any]) -> None:
    assert [answer["status"] for answer in seen["mac_a_died"]] == [200] * 20
    assert {answer["body"]["machine"] for answer in seen["mac_a_died"]} == {"mac-b"}


def test_a_write_cut_short_is_not_repeated_and_a_read_is(seen: Mapping[str, Any]) -> None:
    assert seen["read_cut_short"]["status"] == 200
    assert seen["write_cut_short"]["status"] == 502
    assert seen["write_cut_short"]["body"]["title"] == "Resposta interrompida"
    assert seen["attempts"] == {"GET": 2, "POST": 1}


def test_without_any_service_a_program_gets_a_problem_and_a_person_a_page(seen: Mapping[str, Any]) -> None:
    problem, page = seen["nobody"], seen["nobody_browser"]
    assert (problem["status"], page["status"]) == (503, 503)
    assert problem["headers"]["content-type"] == "application/problem+json"
    assert problem["body"]["title"] == "Sistema temporariamente indisponível"
    assert problem["body"]["codigo"] == problem["headers"]["x-request-id"]
    assert page["headers"]["content-type"].startswith("text/html")
    assert "Sistema temporariamente indisponível" in page["text"]
    assert problem["headers"]["retry-after"] == page["headers"]["retry-after"] == "2"


def test_the_edge_says_that_it_lives_even_when_nobody_serves(seen: Mapping[str, Any]) -> None:
    assert seen["alive"]["status"] == 200
    assert seen["alive"]["text"].startswith("revision ")


def test_the_log_holds_neither_query_nor_patient(seen: Mapping[str, Any]) -> None:
    assert "area=/api/v1/patients " in seen["log"]
    assert "request=visit-42" in seen["log"]
    assert "area=/documents " in seen["log"]
    # Names that no hexadecimal request id can hold by chance.
    assert "the-first" not in seen["log"]
    assert "the-second" not in seen["log"]
    assert "fulano" not in seen["log"]
