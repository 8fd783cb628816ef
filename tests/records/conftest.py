"""The records' server for the whole run; for each test a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.migrate import migrate
from app.services.terminology_save import save_to_records
from app.settings import Settings
from app.terminology.catalogue import SYSTEMS
from app.terminology.load import load_seed
from tests.records.hospital import Hospital
from tests.records.server import Server

_MIGRATED = "migrated"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need the image layer that the lab builds."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.build)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one migrated database to copy from."""
    one = Server(tmp_path_factory.mktemp("records"))
    try:
        one.start()
        one.make()
        migrate(one.settings(one.folder / "credentials"))
        one.keep_as(_MIGRATED)
        yield one
    finally:
        one.stop()


@pytest.fixture
def empty(server: Server, tmp_path: Path) -> Settings:
    """A service whose database nobody migrated."""
    server.make()
    return server.settings(tmp_path / "credentials")


@pytest.fixture
def migrated(server: Server, tmp_path: Path) -> Settings:
    """A service whose database is of this release."""
    server.make(_MIGRATED)
    return server.settings(tmp_path / "credentials")


@pytest.fixture
def hospital(migrated: Settings) -> Iterator[Hospital]:
    """The service over an empty record."""
    with Hospital(migrated) as one:
        yield one


@pytest.fixture(scope="module")
def ward_server(server: Server) -> Server:
    """The server, with one migrated database for all tests of a module: each brings its own patients."""
    server.make(_MIGRATED)
    return server


@pytest.fixture(scope="module")
def ward_settings(ward_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A service over that database, with the terminologies that invented patients use."""
    settings = ward_server.settings(tmp_path_factory.mktemp("ward") / "credentials")
    save = save_to_records(settings)
    for name in SYSTEMS:
        loaded = load_seed(name)
        save(loaded.edition, loaded.concepts)
    return settings


@pytest.fixture(scope="module")
def ward(ward_settings: Settings) -> Iterator[Hospital]:
    """The service over that database."""
    with Hospital(ward_settings) as one:
        yield one
