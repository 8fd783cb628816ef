"""Fixtures of the drills' tests."""

from pathlib import Path

import pytest

from tests.unit.drills.ward import make_authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, edge.pem and edge.key, made for this session."""
    return make_authority(tmp_path_factory.mktemp("authority"))
