"""A start that leaves the processor to others: on a machine that comes back, to the processes that serve.

Kubernetes has one limit for a process's whole life; a limit low enough for its start would slow its answers.
So the process holds itself back, and only while it starts.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SLICE = 0.01
"""Seconds of work between two pauses."""


@contextmanager
def gently(share: float) -> Iterator[None]:
    """What is done inside takes ``share`` (0 to 1) of one core at most: every hundredth of a second of work
    is followed by a pause. In the main thread only, whose work is counted together with all others'."""
    if share >= 1:
        yield
        return
    pause = _SLICE / share - _SLICE
    before = signal.signal(signal.SIGPROF, lambda *_: time.sleep(pause))
    signal.setitimer(signal.ITIMER_PROF, _SLICE, _SLICE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
