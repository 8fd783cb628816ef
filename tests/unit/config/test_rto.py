"""The time clinicians wait at worst, and the advice to whoever wants it shorter."""

import re
from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infra.config.load import read_hospital, read_stack_file
from infra.config.rto import Clocks, records_worst_case
from infra.config.units import format_duration
from tests.strategies import edges
from tests.unit.config.cases import PROJECT, changed, problems

KNOBS = [field.name for field in fields(Clocks)]

clocks = st.builds(
    Clocks,
    failures=st.integers(1, 20),
    interval=st.integers(1, 60_000),
    timeout=st.integers(1, 60_000),
    fast_interval=st.integers(1, 60_000),
    connect_timeout=st.integers(1, 60_000),
    advert=st.integers(10, 40_950),
)


def test_the_sum_of_the_defaults_is_four_seconds() -> None:
    usual = Clocks.of(read_stack_file(PROJECT / "Pulumi.prod.yaml").edge)
    assert (usual.detection, usual.election, usual.connect_timeout) == (2700, 800, 500)
    assert usual.worst_case == 4000


def test_a_dead_machine_costs_the_connect_attempt_when_that_is_longer() -> None:
    hung = Clocks(failures=3, interval=2000, timeout=700, fast_interval=300, connect_timeout=500, advert=200)
    assert hung.check == 700
    assert replace(hung, connect_timeout=1500).check == 1500
    assert replace(hung, connect_timeout=9000).check == 2000  # HAProxy gives up after one interval


@given(clocks, st.sampled_from(KNOBS), st.integers(0, 10_000))
def test_raising_a_knob_never_shortens_the_wait(before: Clocks, knob: str, more: int) -> None:
    after = replace(before, **{knob: getattr(before, knob) + more})
    assert after.worst_case >= before.worst_case


@given(clocks)
def test_the_printed_terms_add_up(some: Clocks) -> None:
    text = re.sub(r"\([^)]*\)", "", str(some))
    *terms, total = (float(number) for number in re.findall(r"([0-9.e+]+) s", text))
    assert abs(sum(terms) - total) < 0.01 * total
    assert total == float(f"{some.worst_case / 1000:g}")


def promise_of(edge: dict[str, Any], promise: str) -> dict[str, Any]:
    """prod with the knobs of ``edge`` and a promise."""
    failover = {"primary_rto": promise, "both_lost_rto": "24h"}
    return changed("prod", {"edge": edge, "failover": failover})


@given(edges("192.168.100.100"), st.sampled_from(["1s", "4s", "10s", "25s"]))
def test_following_the_advice_keeps_the_promise(edge: dict[str, Any], promise: str) -> None:
    document = promise_of(edge, promise)
    lines = [line for line in problems(document) if "detection" in line]
    for line in lines:
        advice = re.fullmatch(r"([a-z_.]+): .*: (?:lower|raise) it to (\S+)((?: and \S+ to \S+)*)", line)
        assert advice, line
        steps = [(advice[1], advice[2]), *re.findall(r" and (\S+) to (\S+)", advice[3])]
        for path, text in steps:
            *blocks, last = path.split(".")
            block = document
            for name in blocks:
                block = block[name]
            block[last] = int(text) if text.isdigit() else text
    assert not any("detection" in line for line in problems(document))


def test_the_records_are_back_eight_seconds_after_a_mac_died() -> None:
    hospital = read_stack_file(PROJECT / "Pulumi.prod.yaml")
    assert records_worst_case(hospital) == 8100


def test_without_a_detector_the_records_take_half_a_minute() -> None:
    slow = {"detector": {"enabled": False}, "failover": {"primary_rto": "30s", "both_lost_rto": "300s"}}
    assert records_worst_case(read_hospital(changed("prod", slow))) == 30_000


def test_one_mac_promises_nothing_about_another() -> None:
    assert records_worst_case(read_stack_file(PROJECT / "Pulumi.mvp.yaml")) == 0


@given(st.integers(1000, 60_000), st.integers(1000, 60_000))
def test_following_the_advice_about_the_detector_keeps_the_promise(dead: int, promise: int) -> None:
    document = changed(
        "prod",
        {
            "detector": {"dead": format_duration(dead / 1000)},
            "failover": {"primary_rto": format_duration(promise / 1000), "both_lost_rto": "24h"},
        },
    )
    lines = [line for line in problems(document) if "records back" in line]
    assert len(lines) == (dead + 6600 > promise)
    for line in lines:
        advice = re.fullmatch(
            r"(detector\.dead|failover\.primary_rto): .*: (?:lower|raise) it to (\S+)", line
        )
        assert advice, line
        block, key = advice[1].split(".")
        document[block][key] = advice[2]
    assert not any("records back" in line for line in problems(document))
