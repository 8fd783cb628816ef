"""HAProxy's configuration: what it means, and that HAProxy itself accepts it for every hospital."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.haproxy import CERTIFICATE, STATS_PASSWORD_VARIABLE, render_haproxy
from components.haproxy_tunnels import CLUSTER_AUTHORITY, HOSPITAL_AUTHORITY
from infra.config.load import read_stack_file
from infra.config.model import Hospital
from lab.image import consumer
from tests.strategies import hospitals

ROOT = Path(__file__).parents[2]
ACCEPTS_ALL = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=edge -days 1 "
    f"-keyout key.pem -out cert.pem 2>/dev/null && cat cert.pem key.pem > {CERTIFICATE} && "
    f"cp cert.pem {CLUSTER_AUTHORITY} && cp cert.pem {HOSPITAL_AUTHORITY} && "
    ". ./edge.sh && for file in *.cfg; do check_haproxy $file || exit 1; done"
)


def haproxy_reads(**texts: str) -> subprocess.CompletedProcess[str]:
    """The real HAProxy of the machines' image on these configurations, as a machine checks them."""
    files = {f"{name}.cfg": text for name, text in texts.items()}
    script = (ROOT / "components/scripts/edge.sh").read_text()
    return consumer(["sh", "-c", ACCEPTS_ALL], {"edge.sh": script, **files})


def lines(text: str, section: str) -> list[str]:
    """The lines of one section, such as "frontend hospital", without indentation."""
    found = re.search(rf"^{section}\n((?:    .*\n)*)", text, re.MULTILINE)
    assert found, f"no section {section!r}"
    return [line.strip() for line in found[1].splitlines()]


def servers(text: str) -> Iterator[tuple[str, str, bool]]:
    """Name, address and port, and whether it is a backup, of every server."""
    for line in lines(text, "backend service"):
        words = line.split()
        if words[0] == "server":
            yield words[1], words[2], "backup" in words[3:]


@pytest.fixture
def lab() -> Hospital:
    """Two Macs and a witness."""
    return read_stack_file(ROOT / "Pulumi.lab.yaml")


@pytest.fixture
def mvp() -> Hospital:
    """One Mac."""
    return read_stack_file(ROOT / "Pulumi.lab-mvp.yaml")


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(several=st.lists(hospitals(), min_size=6, max_size=6))
def test_haproxy_accepts_what_is_rendered_for_every_machine_of_every_hospital(
    several: list[Hospital],
) -> None:
    # Starting the reader costs a second, reading a few milliseconds: many hospitals at a time.
    answer = haproxy_reads(
        **{
            f"{index}-{name}": render_haproxy(hospital, name)
            for index, hospital in enumerate(several)
            for name in hospital.nodes
        }
    )
    assert answer.returncode == 0, answer.stderr


def test_the_reader_of_these_tests_refuses_a_misspelt_keyword(lab: Hospital) -> None:
    answer = haproxy_reads(broken=render_haproxy(lab, "mac-a").replace("retries 3", "retires 3"))
    assert answer.returncode != 0
    assert "retires" in answer.stderr


@given(hospital=hospitals())
def test_every_machine_has_exactly_one_first_choice_and_every_mac_behind_it(hospital: Hospital) -> None:
    service = hospital.service.port
    everyone = {(name, f"{node.debian_address}:{service}") for name, node in hospital.macs.items()}
    for machine in hospital.nodes:
        found = list(servers(render_haproxy(hospital, machine)))
        assert {(name, where) for name, where, _ in found} == everyone
        assert [backup for _, _, backup in found] == [False] + [True] * (len(everyone) - 1)


@pytest.mark.parametrize(
    ("machine", "order"),
    [("mac-a", ["mac-a", "mac-b"]), ("mac-b", ["mac-b", "mac-a"]), ("witness", ["mac-a", "mac-b"])],
)
def test_a_mac_serves_itself_first_and_the_witness_asks_the_primary(
    lab: Hospital, machine: str, order: list[str]
) -> None:
    assert [name for name, _, _ in servers(render_haproxy(lab, machine))] == order


def test_refused_connections_never_take_a_machines_own_service_away_without_a_failed_check(
    lab: Hospital, mvp: Hospital
) -> None:
    for hospital in (lab, mvp):
        backend = lines(render_haproxy(hospital, "mac-a"), "backend service")
        (own,) = (line for line in backend if line.startswith("server mac-a"))
        assert "on-error fastinter" in own


@given(hospital=hospitals())
def test_a_machine_listens_on_the_floating_address_its_own_and_loopback_only(hospital: Hospital) -> None:
    floating = str(hospital.edge.address)
    for machine, node in hospital.nodes.items():
        binds = re.findall(r"^    bind (\S+)", render_haproxy(hospital, machine), re.MULTILINE)
        statistics = f"{node.debian_address}:{hospital.edge.stats_port}"
        assert binds == [
            f"{floating}:80",
            f"{floating}:443",
            statistics,
            "127.0.0.1:8405",
            f"{floating}:6443",
            "127.0.0.1:6443",
            f"{floating}:5432",
        ]


@given(hospital=hospitals())
def test_no_time_is_rendered_as_zero_which_haproxy_reads_as_for_ever(hospital: Hospital) -> None:
    for machine in hospital.nodes:
        text = render_haproxy(hospital, machine)
        times = re.findall(r"(?:timeout \S+|inter|fastinter|downinter) (\S+)", text)
        assert len(times) == 25
        assert all(re.fullmatch(r"[1-9]\d*(ms|s|h)", time) for time in times), times


def test_the_health_check_is_the_one_of_the_stack_file(lab: Hospital) -> None:
    backend = lines(render_haproxy(lab, "mac-a"), "backend service")
    (knobs,) = (line for line in backend if line.startswith("default-server"))
    assert "inter 1000ms fastinter 300ms downinter 1000ms fall 2 rise 2" in knobs
    assert "timeout check 700ms" in backend
    assert any("uri /ready" in line for line in backend)


def test_only_a_machines_own_dead_service_cuts_the_requests_it_had(lab: Hospital, mvp: Hospital) -> None:
    def cut(hospital: Hospital, machine: str) -> list[str]:
        backend = lines(render_haproxy(hospital, machine), "backend service")
        return [line.split()[1] for line in backend if "on-marked-down shutdown-sessions" in line]

    assert cut(lab, "mac-a") == ["mac-a"]
    assert cut(lab, "mac-b") == ["mac-b"]
    assert cut(lab, "witness") == []
    assert cut(mvp, "mac-a") == ["mac-a"]


def test_a_service_on_a_machine_without_power_is_given_up_within_seconds(lab: Hospital) -> None:
    backend = lines(render_haproxy(lab, "witness"), "backend service")
    assert {"option srvtcpka", "srvtcpka-idle 1s", "srvtcpka-intvl 1s", "srvtcpka-cnt 2"} <= set(backend)
    assert any("tcp-ut 1000" in line for line in backend)


def test_only_tls_1_3_is_spoken(lab: Hospital) -> None:
    text = render_haproxy(lab, "mac-a")
    assert re.findall(r"(\S+) ssl-min-ver (\S+)", text) == [
        ("ssl-default-bind-options", "TLSv1.3"),
        ("ssl-default-server-options", "TLSv1.3"),
    ]
    encrypted = [line for line in text.splitlines() if line.strip().startswith("bind") and " ssl " in line]
    assert len(encrypted) == 2


def test_plain_http_does_nothing_but_redirect(lab: Hospital) -> None:
    rules = lines(render_haproxy(lab, "mac-a"), "frontend plain")
    assert rules == ["bind 192.168.100.100:80", "http-request redirect scheme https code 308"]


def test_a_write_that_reached_a_service_is_not_sent_again(lab: Hospital) -> None:
    backend = lines(render_haproxy(lab, "mac-a"), "backend service")
    assert "retry-on conn-failure empty-response" in backend
    assert "http-request disable-l7-retry unless { method GET HEAD OPTIONS }" in backend


def test_the_password_is_asked_before_anything_is_shown_and_nothing_can_be_changed(lab: Hospital) -> None:
    text = render_haproxy(lab, "mac-a")
    rules = [line for line in lines(text, "frontend statistics") if not line.startswith("bind")]
    assert rules[0] == "http-request auth realm edge unless { http_auth(monitoring) }"
    assert "stats admin" not in text


@given(hospital=hospitals())
def test_no_secret_is_in_the_text(hospital: Hospital) -> None:
    for machine in hospital.nodes:
        text = render_haproxy(hospital, machine)
        assert re.findall(r"password (.+)", text) == [f'"${{{STATS_PASSWORD_VARIABLE}}}"']
        assert "PRIVATE KEY" not in text


def test_the_log_never_holds_a_whole_path_or_a_query(lab: Hospital) -> None:
    line, _ = re.findall(r'log-format "(.+)"', render_haproxy(lab, "mac-a"))
    variables = set(re.findall(r"%\[[^]]+\]|%\w+", line))
    assert variables & {"%HP", "%HPO", "%HU", "%HQ", "%r", "%hr", "%hs", "%CC", "%CS"} == set()
    assert {name for name in variables if "[" in name} == {"%[var(txn.area)]", "%[var(txn.request)]"}


def test_what_the_edge_answers_itself_is_a_problem_in_portuguese(lab: Hospital) -> None:
    answers = re.findall(r"http-error status (\d+) .* lf-string '(.+)' hdr", render_haproxy(lab, "mac-a"))
    assert {int(status) for status, _ in answers} >= {400, 408, 502, 503, 504}
    for status, text in answers:
        problem = json.loads(text)
        assert problem["status"] == int(status)
        assert problem["codigo"] == "%[var(txn.request)]"
    texts = dict(answers)
    assert json.loads(texts["503"])["title"] == "Sistema temporariamente indisponível"


def test_another_configuration_has_another_revision(lab: Hospital) -> None:
    def revision(machine: str) -> str:
        (found,) = re.findall(r'"revision ([0-9a-f]{12})"', render_haproxy(lab, machine))
        return str(found)

    assert revision("mac-a") == revision("mac-a")
    assert len({revision(machine) for machine in lab.nodes}) == 3


def test_a_machine_that_is_not_in_the_hospital_has_no_edge(lab: Hospital) -> None:
    with pytest.raises(KeyError):
        render_haproxy(lab, "mac-z")


def server_lines(text: str, backend: str) -> list[str]:
    """The server lines of one backend."""
    return [line for line in lines(text, f"backend {backend}") if line.startswith("server ")]


@given(hospital=hospitals())
def test_a_machines_own_api_server_comes_first_and_every_other_waits_behind_it(hospital: Hospital) -> None:
    for machine in hospital.nodes:
        first, *others = server_lines(render_haproxy(hospital, machine), "kubernetes")
        assert first == f"server {machine} {hospital.nodes[machine].debian_address}:6444 verifyhost {machine}"
        assert all(line.endswith(" backup") for line in others)
        assert {line.split()[1] for line in [first, *others]} == set(hospital.nodes)


def test_every_instance_of_the_records_is_asked_itself(lab: Hospital) -> None:
    text = render_haproxy(lab, "witness")
    assert server_lines(text, "records") == [
        f"server records-{number} 10.96.77.{number}:5432 port 8000" for number in (1, 2, 3, 4)
    ]
    rules = lines(text, "backend records")
    assert "http-check expect string '\"isPrimary\":true'" in rules
    assert any(rule.startswith("http-check send meth GET uri /pg/status ") for rule in rules)


def test_nobody_answers_a_check_under_another_name(lab: Hospital) -> None:
    text = render_haproxy(lab, "mac-a")
    for backend, authority in (("kubernetes", CLUSTER_AUTHORITY), ("records", HOSPITAL_AUTHORITY)):
        knobs = [line for line in lines(text, f"backend {backend}") if line.startswith("default-server")]
        assert len(knobs) == 1
        assert "verify required" in knobs[0]
        assert f"ca-file {authority} " in knobs[0]
    assert "verify none" not in text


def test_two_primaries_are_none(lab: Hospital) -> None:
    rules = lines(render_haproxy(lab, "mac-a"), "frontend records")
    assert "tcp-request content reject if { nbsrv(records) gt 1 }" in rules


def test_what_is_only_passed_on_leaves_the_clinic_its_connections(lab: Hospital) -> None:
    text = render_haproxy(lab, "mac-a")
    for front in ("kubernetes", "records"):
        assert f"maxconn {lab.edge.max_connections // 4}" in lines(text, f"frontend {front}")
