"""The kinds of event as the database takes them."""

import re

import pytest

from app.domain.audit_events import Event


@pytest.mark.parametrize("event", Event)
def test_the_audit_takes_every_event(event: Event) -> None:
    assert re.fullmatch("[a-z]+[.][a-z-]+", event)
