"""One furnished hospital for all tests of a module."""

from collections.abc import Iterator

import pytest

from app.services.terminology_save import save_to_records
from app.terminology.catalogue import SYSTEMS
from app.terminology.load import load_seed
from tests.records.interface.world import World, build, furnish
from tests.records.server import Server


@pytest.fixture(scope="module")
def world(ward_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Its service runs; one person of every role is signed in."""
    settings = ward_server.settings(tmp_path_factory.mktemp("interface") / "credentials")
    save = save_to_records(settings)
    for name in SYSTEMS:
        loaded = load_seed(name)
        save(loaded.edition, loaded.concepts)
    one = build(settings, ward_server)
    with one.hospital.client:
        furnish(one)
        yield one
