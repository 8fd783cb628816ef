"""Every decision with its reasons, one line of JSON each, on disk before it is acted upon."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LARGEST = 8 << 20
"""Bytes; then the file becomes history.jsonl.1 and the one before is forgotten."""
RECENT = 50


@dataclass
class Note:
    """One line; ``kept`` is set when it is on disk, or cannot be brought there."""

    line: Mapping[str, Any]
    kept: threading.Event = field(default_factory=threading.Event)


class History:
    """Written by a thread of its own: a disk that hangs delays a decision, it never stops the clocks."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "history.jsonl"
        self.recent: deque[Mapping[str, Any]] = deque(maxlen=RECENT)
        self.failures = 0
        self._waiting: queue.SimpleQueue[Note | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_all, name="history", daemon=True)
        self._writer.start()

    def note(self, text: str, **facts: Any) -> Note:
        """Say it, with what was known at that moment."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "said": text, **facts}
        self.recent.append(line)
        print(text, flush=True)  # for the machine's journal
        note = Note(line)
        self._waiting.put(note)
        return note

    def close(self) -> None:
        """Write what is waiting."""
        self._waiting.put(None)
        self._writer.join(timeout=2)

    def _write_all(self) -> None:
        while (note := self._waiting.get()) is not None:
            try:
                self._write(note.line)
            except (OSError, ValueError, TypeError):
                # Nobody may die because a disk is full; the metric says that lines are missing.
                self.failures += 1
            note.kept.set()

    def _write(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, separators=(",", ":"), default=str).encode() + b"\n"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, 0o640)
        try:
            os.write(descriptor, text)
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        if size > LARGEST:
            self.path.replace(self.path.with_name("history.jsonl.1"))
