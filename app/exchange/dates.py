"""Dates as FHIR searches them: a prefix, and a time that may be as coarse as a year."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

HOSPITAL = timezone(timedelta(hours=-3))
"""Whose days are meant by a date without a time: Brasília's, without summer time since 2019."""
_DATE = re.compile(
    r"(?P<prefix>eq|ne|ge|gt|sa|le|lt|eb)?(?P<year>\d{4})(-(?P<month>\d{2})(-(?P<day>\d{2})"
    r"(T(?P<time>\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)(?P<zone>Z|[+-]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)
_FIRST, _LAST = 1900, 9000


class Compare(StrEnum):
    """How what is found relates to the time that is asked for."""

    WITHIN = "eq"
    OUTSIDE = "ne"
    FROM = "ge"
    AFTER = "gt"
    ALL_AFTER = "sa"
    UNTIL = "le"
    BEFORE = "lt"
    ALL_BEFORE = "eb"


@dataclass(frozen=True)
class When:
    """A comparison with the time from ``begin`` (included) to ``end`` (excluded), both UTC."""

    compare: Compare
    begin: datetime
    end: datetime


def parse_when(written: str) -> When:
    """``ge2026-01``, ``2026-01-31``, ``lt2026-01-31T10:00:00Z``; ValueError when it is no such thing."""
    found = _DATE.fullmatch(written)
    if found is None or not _FIRST <= int(found["year"]) < _LAST:
        raise ValueError
    compare = Compare(found["prefix"] or "eq")
    if found["time"]:
        return When(
            compare, *_moment(found["time"], found["zone"], written.removeprefix(found["prefix"] or ""))
        )
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    begin = datetime(year, month, day, tzinfo=HOSPITAL)
    if found["day"]:
        days = 1
    elif found["month"]:
        days = calendar.monthrange(year, month)[1]
    else:
        days = 366 if calendar.isleap(year) else 365
    return When(compare, begin.astimezone(UTC), (begin + timedelta(days=days)).astimezone(UTC))


def _moment(time: str, zone: str | None, written: str) -> tuple[datetime, datetime]:
    """A minute, a second or a part of one, from its beginning to its end."""
    begin = datetime.fromisoformat(written)
    begin = begin if zone else begin.replace(tzinfo=HOSPITAL)
    parts = len(time.partition(".")[2])
    lasts = timedelta(minutes=1) if time.count(":") == 1 else timedelta(microseconds=10 ** (6 - parts))
    return begin.astimezone(UTC), (begin + lasts).astimezone(UTC)
