"""Dates as FHIR writes them: how long each lasts, and what is none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.exchange.dates import Compare, parse_when

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("written", "begin", "lasts"),
    [
        ("2024", "2024-01-01T03:00:00Z", 366 * DAY),
        ("2026-02", "2026-02-01T03:00:00Z", 28 * DAY),
        ("2026-12", "2026-12-01T03:00:00Z", 31 * DAY),
        ("2026-01-31", "2026-01-31T03:00:00Z", DAY),
        ("2026-01-31T10:30Z", "2026-01-31T10:30:00Z", timedelta(minutes=1)),
        ("2026-01-31T10:30:15-03:00", "2026-01-31T13:30:15Z", timedelta(seconds=1)),
        ("2026-01-31T10:30:15.25Z", "2026-01-31T10:30:15.250000Z", timedelta(milliseconds=10)),
        ("2026-01-31T10:30:15.123456Z", "2026-01-31T10:30:15.123456Z", timedelta(microseconds=1)),
        ("2026-01-31T10:30", "2026-01-31T13:30:00Z", timedelta(minutes=1)),
    ],
)
def test_a_date_lasts_as_long_as_it_is_coarse(written: str, begin: str, lasts: timedelta) -> None:
    for prefix in ("", *Compare):
        when = parse_when(prefix + written)
        assert when.begin == datetime.fromisoformat(begin)
        assert when.end - when.begin == lasts
        assert when.compare == (prefix or "eq")


@pytest.mark.parametrize(
    "written",
    [
        *(
            "",
            "ge",
            "x2026",
            "ap2026",
            "2026-13",
            "2026-02-30",
            "2026-01-31T25:00Z",
            "1899",
            "9000",
            "20260101",
        ),
        *(
            "2026-01-31T10Z",
            "2026-01-31T10:30:15.1234567Z",
            "2026-01-31 10:30",
            "٢٠٢٦",
            "2026-01-31T10:30+99:00",
        ),
    ],
)
def test_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any: the form has its own words)
        parse_when(written)


@given(st.datetimes(datetime(1901, 1, 1), datetime(8999, 1, 1), timezones=st.just(UTC)))
@settings(deadline=None)
def test_every_moment_of_a_chart_can_be_asked_for(when: datetime) -> None:
    assert parse_when(when.isoformat()).begin == when
