"""One line of JSON per event, whatever the event holds."""

import json
import logging
import os
import sys

from hypothesis import given
from hypothesis import strategies as st

from app.logs import JsonLines, Unhurried


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"name": "app", "levelno": logging.INFO, "levelname": "INFO", "msg": message}
    )
    vars(made).update(extra)
    return made


@given(message=st.text(), value=st.text())
def test_any_event_is_one_line_that_reads_back(message: str, value: str) -> None:
    line = JsonLines().format(record(message, route=value))
    assert len(line.splitlines()) == 1 or "\n" not in line
    read = json.loads(line)
    assert (read["event"], read["route"], read["level"]) == (message, value, "info")


def test_an_error_is_its_type_and_place_not_its_message() -> None:
    try:
        raise ValueError("João")
    except ValueError:
        line = JsonLines().format(record("failed", exc_info=sys.exc_info()))
    read = json.loads(line)
    assert read["error"] == "ValueError"
    assert read["frames"][-1].endswith("test_an_error_is_its_type_and_place_not_its_message")
    assert "João" not in line


def test_lines_lost_while_the_journal_stalls_are_counted() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stalled, os.fdopen(reading) as journal:
        handler = Unhurried(stalled, capacity=4)
        handler.setFormatter(JsonLines())
        for _ in range(20):
            handler.handle(record("x" * 100_000))
        while "lost_lines" not in journal.readline():
            handler.handle(record("after"))
        handler.flush()
