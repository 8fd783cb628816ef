"""Every bad configuration is refused with lines that say where, what, which rule and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from infra.config.schema import stack_schema
from tests.unit.config.cases import ABSENT, HOST_KEY, changed, problems

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text("utf-8"))
NAMES = [case["what"] for case in CASES]

BEYOND_THE_SCHEMA = {
    "a duration of zero",
    "a duration finer than a millisecond",
    "a network with a host part",
}
"""Broken inside one field, in a way that a pattern cannot say."""


def document_of(case: dict[str, Any]) -> dict[str, Any]:
    """The configuration that ``case`` describes."""
    absent = dict.fromkeys(case.get("without", ()), ABSENT)
    return changed(case["stack"], {**absent, **case.get("change", {})})


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_is_refused_with_exactly_these_lines(case: dict[str, Any]) -> None:
    assert problems(document_of(case)) == tuple(case["lines"])


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_editor_sees_what_is_wrong_inside_one_field(case: dict[str, Any]) -> None:
    words = ("must be", "each key must be", "unknown key", "missing: add")
    in_one_field = any(word in case["lines"][0] for word in words) and case["what"] not in BEYOND_THE_SCHEMA
    accepted = Draft7Validator(stack_schema()).is_valid(
        {"config": {"prontuario:hospital": document_of(case)}}
    )
    assert accepted is not in_one_field


def test_there_are_many_cases_and_each_is_another() -> None:
    assert len(set(NAMES)) == len(CASES) >= 40


def test_everything_wrong_is_said_at_once() -> None:
    together = [
        "an unknown key",
        "a missing key",
        "a duration without unit",
        "a number in quotes",
        "an interface with a space",
        "prod with a third Mac",
        "macOS without a guest",
        "two machines in one zone",
        "statistics on node_exporter's port",
        "fewer connections than users",
        "both Macs back sooner than one",
        "a region outside Brazil",
    ]
    cases = [case for case in CASES if case["what"] in together and case["stack"] == "prod"]
    changes = {path: value for case in cases for path, value in case.get("change", {}).items()}
    absent = {path: ABSENT for case in cases for path in case.get("without", ())}
    told = problems(changed("prod", {**absent, **changes}))
    assert len(cases) == len(together) == len(told)
    assert set(told) == {line for case in cases for line in case["lines"]}


def test_a_rule_is_silent_about_a_value_that_nobody_could_read() -> None:
    unreadable_role = changed("prod", {"nodes.witness.role": "wittness"})
    assert problems(unreadable_role) == (
        "nodes.witness.role: wittness: must be one of primary, secondary, witness: did you mean witness?",
    )


def test_the_sum_of_the_clocks_waits_for_a_clock_that_nobody_could_read() -> None:
    document = changed("prod", {"edge.health_check": {"failures": 12, "timeout": 700}})
    (line,) = problems(document)
    assert line.startswith("edge.health_check.timeout: 700: must be a duration")


def test_a_whole_block_that_cannot_be_read_hides_no_other_problem() -> None:
    document = changed("prod", {"lan": 7, "service.port": 80})
    assert problems(document) == (
        "lan: 7: must be a block with the keys network, gateway, dns, ntp",
        "service.port: 80: already the port of the edge's redirect to https: choose another, such as 8000",
    )


@pytest.mark.parametrize(
    "key", ["password", "private_key", "api_key", "stats_password", "sshPrivateKey", "token"]
)
@pytest.mark.parametrize("block", ["", "edge.", "nodes.mac-a.ssh.", "cloud."])
def test_a_secret_is_never_echoed(key: str, block: str) -> None:
    document = changed("prod", {"nodes.mac-a.ssh": {"host_key": HOST_KEY}, f"{block}{key}": "hunter2"})
    (line,) = problems(document)
    assert line.startswith(f"{block}{key}: (hidden): unknown key")
    assert "hunter2" not in line


def test_a_secret_inside_a_misplaced_block_is_never_echoed() -> None:
    document = changed(
        "prod", {"edge.vrrp": {"auth": {"pass": "hunter2"}}, "lan.dns": [{"token": "hunter2"}]}
    )
    assert not any("hunter2" in line for line in problems(document))


def test_a_key_pasted_anywhere_is_never_echoed() -> None:
    document = changed("prod", {"domain": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA"})
    assert problems(document)[0].startswith("domain: (hidden): must be")


def test_a_long_value_with_line_breaks_stays_one_short_line() -> None:
    (line,) = problems(changed("prod", {"domain": "a\nb\r" * 1000}))
    assert line.startswith("domain: a\\nb\\ra\\nb")
    assert len(line) < 200
    assert line.isprintable()


@pytest.mark.parametrize("value", [None, 7, "text", [], ["a"], True])
def test_a_hospital_that_is_no_block_is_refused(value: object) -> None:
    (line,) = problems(value)
    assert line.startswith("prontuario:hospital: ")
    assert line.endswith(": must be a block of keys")


def test_data_that_is_not_plain_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["nodes"] = endless
    unreadable = "not plain data: use only blocks, lists, text, numbers, true and false"
    for document in (endless, {("a", "tuple"): 1}, {"name": "\ud800"}):
        assert problems(document) == (f"prontuario:hospital: {{...}}: {unreadable}",)


@pytest.mark.parametrize("key", [None, True, 12])
def test_a_key_that_yaml_does_not_read_as_text_is_named(key: object) -> None:
    assert problems({"nodes": {key: {}}}) == (f"nodes.{key}: each key must be a name: put it in quotes",)
