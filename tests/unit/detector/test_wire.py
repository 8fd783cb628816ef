"""Only the hospital's machines can make a heartbeat, for one receiver, once."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.events import Report, Sight, Stamp
from detector.wire import LARGEST, Gate, RefusedError, seal, unseal
from detector.wire import _sign as sign

SECRET = bytes(range(32))
OTHERS = ("mac-a", "mac-b")


def beat(life: int = 5, at: float = 7.0, echo: Stamp | None = None, machine: str = "mac-a") -> Report:
    """A heartbeat of mac-a, which has lost mac-b."""
    return Report(100.0, machine, {"mac-b": Sight(2.5, known=True)}, Stamp(life, at), echo)


def opened(datagram: bytes, at: float = 100.0) -> Report:
    """As the witness reads it."""
    return unseal(SECRET, datagram, "witness", OTHERS, at)


seconds = st.floats(0, 1e8).map(lambda number: round(number, 3))


@given(
    life=st.integers(0, 2**63),
    at=seconds,
    echo=st.none() | st.builds(Stamp, st.integers(0, 2**63), seconds),
    sights=st.dictionaries(st.sampled_from(["mac-b", "witness"]), st.builds(Sight, seconds, st.booleans())),
)
def test_what_is_sealed_is_what_is_opened(
    life: int, at: float, echo: Stamp | None, sights: dict[str, Sight]
) -> None:
    report = Report(100.0, "mac-a", sights, Stamp(life, at), echo)
    assert opened(seal(SECRET, report, "witness")) == report


def test_a_machine_never_seen_is_silent_for_longer_than_anything() -> None:
    never = Report(100.0, "mac-a", {"mac-b": Sight(math.inf, known=False)}, Stamp(5, 7.0), None)
    assert opened(seal(SECRET, never, "witness")).sights["mac-b"].silence > 1e8


@given(st.binary(max_size=LARGEST + 100))
def test_garbage_is_refused_and_nothing_else_happens(datagram: bytes) -> None:
    with pytest.raises(RefusedError):
        opened(datagram)


@given(data=st.data())
def test_no_bit_of_a_heartbeat_can_be_changed(data: st.DataObject) -> None:
    datagram = bytearray(seal(SECRET, beat(), "witness"))
    bit = data.draw(st.integers(0, len(datagram) * 8 - 1))
    datagram[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RefusedError, match="forged"):
        opened(bytes(datagram))


def test_whoever_lacks_the_secret_cannot_make_a_heartbeat() -> None:
    with pytest.raises(RefusedError, match="forged"):
        opened(seal(bytes(32), beat(), "witness"))


def test_a_heartbeat_cannot_be_passed_on_to_another_machine_nor_sent_back() -> None:
    with pytest.raises(RefusedError, match="stranger"):
        opened(seal(SECRET, beat(), "mac-b"))
    with pytest.raises(RefusedError, match="stranger"):
        opened(seal(SECRET, beat(machine="witness"), "witness"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("stamp"),
        lambda content: content.update(stamp=[5]),
        lambda content: content.update(stamp=[5, -1.0]),
        lambda content: content.update(stamp=[True, 1.0]),
        lambda content: content.update(stamp=["5", 1.0]),
        lambda content: content.update(echo=5),
        lambda content: content.update(sights=[]),
        lambda content: content.update(sights={"mac-b": [1.0, 1]}),
        lambda content: content.update(sights={"mac-b": [True, True]}),
        lambda content: content.update(sights={"mac-b": [math.nan, True]}),
        lambda content: content.update(sights={"mac-b": [math.inf, True]}),
        lambda content: content.update(sights={"mac-b": None}),
        lambda content: content.update({"from": None}),
    ],
)
def test_even_one_of_us_is_not_believed_when_it_talks_nonsense(
    spoil: Callable[[dict[str, Any]], object],
) -> None:
    content = json.loads(seal(SECRET, beat(), "witness")[32:])
    spoil(content)
    payload = json.dumps(content).encode()
    with pytest.raises(RefusedError, match=r"garbage|stranger"):
        opened(sign(SECRET, payload) + payload)


def test_json_that_is_no_heartbeat_is_refused() -> None:
    for payload in (b"null", b"[]", b"1", b"{}", b"[" * 1000, b'{"from":1e999}'):
        with pytest.raises(RefusedError, match=r"garbage|stranger"):
            opened(sign(SECRET, payload) + payload)


@pytest.fixture
def gate() -> Gate:
    """Of the life 9, which has heard mac-a's life 5 at its second 7."""
    gate = Gate(life=9, fresh=0.6)
    gate.admit(beat(5, 7.0))
    return gate


@pytest.mark.parametrize(("life", "at"), [(5, 7.1), (6, 0.1)])
def test_a_newer_heartbeat_of_this_or_a_later_life_is_let_in(gate: Gate, life: int, at: float) -> None:
    gate.admit(beat(life, at))


@pytest.mark.parametrize(
    ("life", "at", "why"), [(5, 7.0, "repeated"), (5, 6.9, "repeated"), (4, 99.0, "outlived")]
)
def test_a_recorded_heartbeat_is_not(gate: Gate, life: int, at: float, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        gate.admit(beat(life, at))


def test_a_machine_whose_clock_and_disk_were_lost_is_let_in_once_it_answers(gate: Gate) -> None:
    with pytest.raises(RefusedError, match="outlived"):
        gate.admit(beat(3, 1.0, Stamp(8, 99.9)))
    with pytest.raises(RefusedError, match="outlived"):
        gate.admit(beat(3, 1.0, Stamp(9, 99.3)))
    gate.admit(beat(3, 1.0, Stamp(9, 99.5)))
    with pytest.raises(RefusedError, match="repeated"):
        gate.admit(beat(3, 1.0, Stamp(9, 99.5)))
