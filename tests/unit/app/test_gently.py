"""A start that holds itself back."""

import signal
import time

import pytest

from app.gently import gently


def work(seconds: float) -> float:
    """Use that much of a processor; how long it took."""
    began, until = time.monotonic(), time.process_time() + seconds
    while time.process_time() < until:
        pass
    return time.monotonic() - began


def test_work_takes_no_more_than_its_share() -> None:
    with gently(0.25):
        assert work(0.2) > 0.6


def test_afterwards_nothing_is_held_back() -> None:
    with gently(0.5):
        pass
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    assert signal.getsignal(signal.SIGPROF) is signal.SIG_DFL


def test_what_fails_inside_fails_and_ends_it() -> None:
    with pytest.raises(ZeroDivisionError), gently(0.5):
        raise ZeroDivisionError
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


def test_a_whole_core_needs_no_timer() -> None:
    with gently(1):
        assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
