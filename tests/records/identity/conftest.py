"""A hospital for each test."""

from collections.abc import Iterator

import pytest

from app.settings import Settings
from tests.records.identity.hospital import Hospital, Person
from tests.records.server import Server


@pytest.fixture
def hospital(migrated: Settings, server: Server) -> Iterator[Hospital]:
    """Its service runs; nobody has an account."""
    one = Hospital(migrated, server)
    with one.client:
        yield one


@pytest.fixture
def ana(hospital: Hospital) -> Person:
    """The administrator, signed in."""
    return hospital.administrator()
