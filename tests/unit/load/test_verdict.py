"""A load is judged by its figures and by what the record holds afterwards; each broken promise is named."""

from collections import Counter
from pathlib import Path

import pytest

from drills.framework.client import Answer
from load.address import AddressError, door_to
from load.device import Reply
from load.ledger import NOTES, Found, Ledger, Place, judged
from load.measure import Measures, percentile
from load.report import Promise, Report
from load.run import Orders, Outcome

HERE = Place("carga.0001", "p1", NOTES)
GOOD = Found(acknowledged=10, read_back=10, lost=0, duplicated=0, doubtful=0, unread=0)


def outcome(found: Found = GOOD, *, seconds: float = 0.02, status: int = 200, many: int = 1200) -> Outcome:
    """A minute in which everything took equally long."""
    measures = Measures()
    for number in range(many):
        measures.note("open chart", float(number), Reply(Answer(status, {}, b""), seconds, 1))
    return Outcome(measures, found, seconds=60.0, failed_tries=0)


def report(one: Outcome) -> Report:
    """What is written of it."""
    return Report("https://prontuario.example", 200, Orders(1500, 60), one, Promise())


def test_a_good_load_keeps_its_promises() -> None:
    told = report(outcome()).as_json()
    assert told["kept"]
    assert {name: told[name] for name in ("users", "requests_per_minute", "p95_ms", "errors")} == {
        "users": 200,
        "requests_per_minute": 1200.0,
        "p95_ms": 20.0,
        "errors": 0,
    }


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (outcome(seconds=0.1), "up to 100.0 ms"),
        (outcome(many=999), "999 requests a minute"),
        (outcome(status=409), "1200 requests were not answered"),
        (outcome(Found(10, 9, 1, 0, 0, 0)), "1 acknowledged writes are not there"),
        (outcome(Found(10, 9, 0, 1, 0, 0)), "1 writes were done twice"),
        (outcome(Found(10, 10, 0, 0, 0, 2)), "2 lists could not be read"),
        (outcome(Found(0, 0, 0, 0, 0, 0)), "nothing was written"),
    ],
    ids=["slow", "few", "errors", "lost", "twice", "unread", "no writes"],
)
def test_a_broken_promise_is_named(one: Outcome, words: str) -> None:
    assert any(words in phrase for phrase in report(one).broken)
    assert not report(one).as_json()["kept"]


def test_refused_requests_do_not_count_as_answered() -> None:
    assert report(outcome(status=503)).per_minute == 0


def test_the_report_is_written_whole(tmp_path: Path) -> None:
    report(outcome()).write(tmp_path / "build/load.json")
    assert [one.name for one in (tmp_path / "build").iterdir()] == ["load.json"]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2.0), (0.95, 4.0), (0.25, 1.0), (0.0, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == expected


def test_nothing_measured_has_a_percentile_of_zero() -> None:
    assert percentile([], 0.95) == 0


def test_marks_that_are_missing_or_stand_twice_are_counted() -> None:
    book = Ledger()
    for mark in ("there", "lost", "twice"):
        book.note(mark, HERE, acknowledged=True)
    book.note("unsure", HERE, acknowledged=False)
    seen = Counter({("there", HERE): 1, ("twice", HERE): 2})
    assert judged(book, seen, 0) == Found(3, 1, 1, 1, 1, 0)


def test_a_write_that_nobody_acknowledged_must_not_stand_twice_either() -> None:
    book = Ledger()
    book.note("unsure", HERE, acknowledged=False)
    assert judged(book, Counter({("unsure", HERE): 1}), 0).duplicated == 0
    assert judged(book, Counter({("unsure", HERE): 2}), 0).duplicated == 1


def test_a_draft_that_was_saved_again_is_looked_for_as_it_was_saved_last() -> None:
    book = Ledger()
    book.note("first", HERE, acknowledged=True)
    book.note("second", HERE, acknowledged=True, instead_of="first")
    assert (set(book.expected), book.acknowledged) == ({"second"}, 2)
    book.note("third", HERE, acknowledged=False, instead_of="second")
    assert (set(book.expected), set(book.doubtful)) == (set(), {"second", "third"})


def test_the_name_is_checked_wherever_it_is_connected_to() -> None:
    door = door_to("https://prontuario.hospital.example", None, "192.168.100.100:8443")
    assert (door.address, door.port) == ("192.168.100.100", 8443)
    assert door.server_name == "prontuario.hospital.example"
    assert door.tls.check_hostname


@pytest.mark.parametrize(
    "base", ["http://prontuario.example", "prontuario.example", "https://a.example/x", ""]
)
def test_an_address_without_tls_or_with_more_than_a_name_is_refused(base: str) -> None:
    with pytest.raises(AddressError):
        door_to(base, None)
