"""One line per artefact, and a sign of life while it takes long."""

from __future__ import annotations

import sys
import threading
import time
from typing import TextIO

HEARTBEAT_S = 15.0
_TERMINAL_HEARTBEAT_S = 1.0
_CLEAR_LINE = "\r\x1b[K"


class Progress:
    """Tells a terminal by rewriting its last line, and anything else by a line now and then."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._lock = threading.Lock()
        self._running: dict[str, float] = {}

    @property
    def heartbeat_s(self) -> float:
        """Seconds between two calls of `alive`."""
        return _TERMINAL_HEARTBEAT_S if self._terminal else HEARTBEAT_S

    def begin(self, name: str) -> None:
        """The artefact's clock starts."""
        with self._lock:
            self._running[name] = time.monotonic()

    def alive(self, name: str) -> None:
        """The artefact is still being built."""
        with self._lock:
            if self._terminal:
                self._stream.write(_CLEAR_LINE + "toolchain: building " + self._all_running())
                self._stream.flush()
            else:
                self._line(name, "building", self._running.get(name))

    def end(self, name: str, text: str) -> None:
        """The artefact's one line."""
        with self._lock:
            if self._terminal:
                self._stream.write(_CLEAR_LINE)
            self._line(name, text, self._running.pop(name, None))

    def _all_running(self) -> str:
        now = time.monotonic()
        return ", ".join(f"{name} {now - since:.0f} s" for name, since in self._running.items())

    def _line(self, name: str, text: str, since: float | None) -> None:
        elapsed = "" if since is None else f"{time.monotonic() - since:8.1f} s"
        print(f"toolchain: {name:<16} {text:<26}{elapsed}".rstrip(), file=self._stream, flush=True)
