"""Runs a Python program for which the time of day is another: ``stepped.py AHEAD_FILE PROGRAM ARGUMENT...``.

AHEAD_FILE holds by how many seconds, and is read at every question. What counts seconds (``time.monotonic``)
is left alone, as it is when a real clock is stepped. For a lab whose machines share their computer's clock.
"""

import datetime
import runpy
import sys
import time
from pathlib import Path

_true = time.time


def stepped() -> float:
    """Seconds since 1970, by the stepped clock."""
    return _true() + float(Path(AHEAD).read_text().strip() or 0)


class Datetime(datetime.datetime):
    """Asks the stepped clock."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "Datetime":
        return cls.fromtimestamp(time.time(), tz)


if __name__ == "__main__":
    AHEAD = sys.argv[1]
    time.time = stepped
    datetime.datetime = Datetime  # type: ignore[misc]
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")
