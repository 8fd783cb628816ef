"""Structured logs: one JSON object per line on stdout.

A log line must never hold a patient's data: requests are named by route template, errors by type and place.
"""

import json
import logging
import sys
import threading
import time
import traceback
from datetime import UTC, datetime
from queue import Full, Queue
from types import TracebackType
from typing import TextIO

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


class JsonLines(logging.Formatter):
    """Formats a record, with its ``extra`` fields, as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line: whatever the message holds, JSON escapes the line breaks."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["frames"] = frames(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def frames(trace: TracebackType | None) -> list[str]:
    """Where an exception came from, innermost last. Not its message, which may quote what a user sent."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


class Unhurried(logging.Handler):
    """Writes lines from a thread of its own: a journal that stalls must not stall the answers to clinicians.

    Lines beyond ``capacity`` are lost then, and their number is told with the next line that is not.
    """

    def __init__(self, stream: TextIO, capacity: int = 10_000) -> None:
        super().__init__()
        self._stream = stream
        self._lines: Queue[str] = Queue(capacity)
        self._lost = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one line; never waits."""
        if self._lost:
            record.lost_lines = self._lost
        try:
            self._lines.put_nowait(self.format(record))
            self._lost = 0
        except Full:
            self._lost += 1

    def flush(self) -> None:
        """Wait for what is queued to be written, at most a second."""
        deadline = time.monotonic() + 1
        while self._lines.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)

    def _write(self) -> None:
        while True:
            self._stream.write(self._lines.get() + "\n")
            self._stream.flush()
            self._lines.task_done()


def configure() -> None:
    """Send every logger of this process, the server's included, to stdout as JSON lines."""
    handler = Unhurried(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
