"""Whatever is written: a hospital, or a refusal in clear lines, and nothing else."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from infra.config.load import read_hospital
from infra.config.model import Hospital
from infra.config.schema import stack_schema
from infra.config.units import format_duration, parse_duration
from tests.strategies import hospital_documents, hospitals
from tests.unit.config.cases import problems

SCHEMA = Draft7Validator(stack_schema())

texts = st.text(max_size=20) | st.sampled_from(["mac-a", "1s", "-1s", "10.0.0.1", "10.0.0.0/8", "0.0.0.0/0"])
numbers = st.integers() | st.floats() | st.sampled_from([0, -1, 1, 2**63, 10**400])
junk = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def places(document: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every value in ``document``."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(document, dict):
        inner = list(document.items())
    elif isinstance(document, list):
        inner = list(enumerate(document))
    return [here, *(path for key, value in inner for path in places(value, (*here, key)))]


def assert_read_or_refused_in_lines(document: object) -> None:
    """A hospital comes back, or a refusal; any other exception fails the test that asks."""
    lines = problems(document)
    assert all(line.isprintable() and ": " in line for line in lines)


@given(hospitals())
def test_a_hospital_survives_being_written_and_read(hospital: Hospital) -> None:
    assert read_hospital(json.loads(hospital.model_dump_json())) == hospital


@given(hospital_documents())
def test_the_schema_accepts_every_valid_hospital(document: dict[str, Any]) -> None:
    assert SCHEMA.is_valid({"config": {"prontuario:hospital": document}})


@given(junk)
def test_junk_is_refused_in_clear_lines(value: object) -> None:
    assert_read_or_refused_in_lines(value)


@given(hospital_documents(), st.data())
def test_junk_in_a_hospital_is_refused_in_clear_lines(document: dict[str, Any], data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        *blocks, last = data.draw(st.sampled_from(places(document)[1:]))
        block: Any = document
        for name in blocks:
            block = block[name]
        if isinstance(block, dict) and data.draw(st.booleans()):
            block[data.draw(texts)] = data.draw(junk)
        else:
            block[last] = data.draw(junk)
    assert_read_or_refused_in_lines(document)


@given(hospitals())
def test_the_primary_is_the_first_mac_wherever_it_is_written(hospital: Hospital) -> None:
    first, *others = hospital.macs.values()
    assert first.role == "primary"
    assert {node.role for node in others} <= {"secondary"}


@given(hospitals())
def test_one_release_fits_every_mac(hospital: Hospital) -> None:
    assert len({node.debian_architecture for node in hospital.macs.values()}) == 1


@given(st.integers(1, 24 * 3_600_000))
def test_a_duration_survives_being_written_and_read(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == seconds
