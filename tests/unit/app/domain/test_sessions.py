"""When a session serves, by the database's clock alone."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.sessions import RETRY_WINDOW, Standing, is_retry

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
QUARTER = timedelta(minutes=15)


def standing(**others: object) -> Standing:
    """A session in use."""
    usual = {
        "now": NOW,
        "active_at": NOW,
        "expires_at": NOW + timedelta(hours=12),
        "locked_at": None,
        "ended_at": None,
        "account_active": True,
        "inactivity": QUARTER,
    }
    return Standing(**(usual | others))  # type: ignore[arg-type]


def test_a_session_in_use_is_neither_locked_nor_over() -> None:
    assert not standing().locked
    assert not standing().over


@pytest.mark.parametrize("why", [{"ended_at": NOW}, {"expires_at": NOW}, {"account_active": False}], ids=str)
def test_it_is_over_when_ended_expired_or_closed(why: dict[str, object]) -> None:
    assert standing(**why).over


def test_it_locks_at_the_very_moment_that_it_announced() -> None:
    last = standing(active_at=NOW - QUARTER)
    assert last.locks_at == NOW
    assert last.locked
    assert not standing(active_at=NOW - QUARTER + MOMENT).locked


def test_what_was_locked_stays_so_whatever_the_rules_become() -> None:
    assert standing(locked_at=NOW).locked


def test_a_token_shown_twice_is_a_retry_only_at_once_and_before_anybody_used_the_new_one() -> None:
    assert is_retry(NOW - RETRY_WINDOW, NOW, successor_used=False)
    assert not is_retry(NOW - RETRY_WINDOW - MOMENT, NOW, successor_used=False)
    assert not is_retry(NOW, NOW, successor_used=True)
