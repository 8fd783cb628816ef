"""What the service says about the records and the cache, and what that means for its place at the edge."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import ResponseError

from app import checks, dependencies
from app.checks import Check, Prober, Reading, Result, Status, probe
from app.database.connection import trusting
from app.dependencies import Cache, Records, dependency_checks, judge_records
from app.settings import Settings, SettingsError
from tests.unit.app.conftest import Running

WELL = {"writable": True, "standbys": 1, "synchronous": True}


class Connection:
    """A connection to a database that answers ``rows`` one after another; an exception is raised."""

    def __init__(self, *rows: object) -> None:
        self.rows = list(rows)
        self.terminated = False

    async def fetchrow(self, _: str) -> Any:
        row = self.rows.pop(0)
        if isinstance(row, BaseException):
            raise row
        return row

    def terminate(self) -> None:
        self.terminated = True


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A service with both dependencies."""
    for name in ("authority", "records-password", "cache-password"):
        (tmp_path / name).write_text(f"{name} of the test\n")
    monkeypatch.setattr(dependencies, "_trusting", lambda path: path.name)
    return Settings.from_environment(
        {
            "PRONTUARIO_MACHINE": "mac-a",
            "PRONTUARIO_RECORDS_ADDRESS": "192.168.100.100",
            "PRONTUARIO_CACHE_SENTINELS": "10.96.78.17:26379 10.96.78.18:26379",
            "CREDENTIALS_DIRECTORY": str(tmp_path),
        }
    )


def run(check: Callable[[], Awaitable[Reading]], critical: bool = True) -> Reading:
    """One probe's verdict."""
    return asyncio.run(probe(Check("dependency", check, critical=critical, shared=True))).reading


def test_a_service_without_dependencies_checks_none() -> None:
    assert dependency_checks(Settings()) == ()


def test_records_are_critical_the_cache_is_not_and_both_are_shared(settings: Settings) -> None:
    records, cache = dependency_checks(settings)
    assert (records.name, records.critical, records.shared) == ("records", True, True)
    assert (cache.name, cache.critical, cache.shared) == ("cache", False, True)
    # A hung dependency is noticed before the edge's patience with an answer would end.
    assert max(records.timeout, cache.timeout) < 2


def test_dependencies_without_credentials_are_refused_in_words() -> None:
    with pytest.raises(SettingsError, match="need credentials, and CREDENTIALS_DIRECTORY is not set"):
        Settings.from_environment({"PRONTUARIO_RECORDS_ADDRESS": "192.168.100.100"})


@pytest.mark.parametrize("text", ["10.96.78.17", "10.96.78.17:port", "10.96.78.17:0"])
def test_a_sentinel_is_a_host_and_a_port(text: str) -> None:
    with pytest.raises(SettingsError, match="PRONTUARIO_CACHE_SENTINELS"):
        Settings.from_environment({"PRONTUARIO_CACHE_SENTINELS": text, "CREDENTIALS_DIRECTORY": "/run/x"})


@pytest.mark.parametrize(
    ("seen", "expected", "status", "words"),
    [
        (WELL, 1, Status.HEALTHY, "writable; 1 standbys receive"),
        (WELL | {"standbys": 0}, 1, Status.DEGRADED, "0 of 1 standbys receive"),
        (WELL | {"synchronous": False}, 1, Status.DEGRADED, "do not wait for the standby"),
        (WELL | {"writable": False}, 1, Status.UNHEALTHY, "read-only"),
        (WELL | {"standbys": 0, "synchronous": False}, 0, Status.HEALTHY, "writable; 0 standbys receive"),
    ],
)
def test_records_are_well_when_they_are_written_twice(
    seen: dict[str, Any], expected: int, status: Status, words: str
) -> None:
    reading = judge_records(**seen, expected=expected)
    assert reading.status is status
    assert words in reading.detail


def test_records_are_asked_over_tls_as_the_least_of_users(settings: Settings) -> None:
    asked: dict[str, Any] = {}

    async def connect(**arguments: Any) -> Connection:
        asked.update(arguments)
        return Connection(WELL)

    assert run(Records(settings, connect).check).status is Status.HEALTHY
    assert (asked["host"], asked["port"]) == ("192.168.100.100", 5432)
    assert (asked["user"], asked["database"]) == ("medical_app", "medical_records")
    assert asked["password"] == "records-password of the test"
    assert asked["ssl"] == "authority"


def test_a_broken_connection_is_dropped_and_made_anew(settings: Settings) -> None:
    first, second = Connection(WELL, OSError("gone")), Connection(WELL)
    connections = [first, second]

    async def connect(**_: Any) -> Connection:
        return connections.pop(0)

    async def three_looks() -> list[Status]:
        check = Check("records", Records(settings, connect).check, critical=True, shared=True)
        return [(await probe(check)).reading.status for _ in range(3)]

    assert asyncio.run(three_looks()) == [Status.HEALTHY, Status.UNHEALTHY, Status.HEALTHY]
    assert first.terminated
    assert not second.terminated


def test_an_answer_that_came_too_late_is_not_taken_for_the_next_one(settings: Settings) -> None:
    class Slow(Connection):
        async def fetchrow(self, _: str) -> Any:
            await asyncio.sleep(60)

    slow = Slow()

    async def connect(**_: Any) -> Connection:
        return slow

    check = Check("records", Records(settings, connect).check, timeout=0.05, critical=True)
    assert asyncio.run(probe(check)).reading.detail == "no answer within 0.05 s"
    assert slow.terminated


def test_nothing_that_a_driver_says_is_shown(settings: Settings) -> None:
    async def connect(**_: Any) -> Connection:
        raise OSError("password authentication failed for user medical_app at 192.168.100.100")

    assert run(Records(settings, connect).check).detail == "check failed: OSError"


class Primary:
    """The cache's primary: ``refusal`` is what a write meets, ``replicas`` what it says it has."""

    def __init__(self, refusal: Exception | None = None, replicas: int = 1) -> None:
        self.refusal = refusal
        self.replicas = replicas
        self.written: dict[str, int] = {}
        self.connection_pool = self
        self.hung_up = 0

    async def disconnect(self) -> None:
        self.hung_up += 1

    async def set(self, key: str, _: int, ex: int) -> None:
        if self.refusal:
            raise self.refusal
        self.written[key] = ex

    async def info(self, _: str) -> dict[str, int]:
        return {"connected_slaves": self.replicas}


@pytest.mark.parametrize(
    ("primary", "status", "words"),
    [
        (Primary(), Status.HEALTHY, "writable; 1 of 1 replicas connected"),
        (Primary(replicas=0), Status.DEGRADED, "writable; 0 of 1 replicas connected"),
        (Primary(ResponseError("NOREPLICAS Not enough")), Status.DEGRADED, "refuses writes: NOREPLICAS"),
        (Primary(Unreachable("10.96.78.1 is gone")), Status.DEGRADED, "check failed: ConnectionError"),
    ],
)
def test_the_cache_is_well_when_it_takes_a_write(
    settings: Settings, primary: Any, status: Status, words: str
) -> None:
    reading = run(Cache(settings, primary).check, critical=False)
    assert (reading.status, reading.detail) == (status, words)


def test_a_refusal_makes_the_check_ask_the_sentinels_again(settings: Settings) -> None:
    replaced: Any = Primary(ResponseError("NOREPLICAS Not enough good replicas to write."))
    run(Cache(settings, replaced).check)
    assert replaced.hung_up == 1


def test_what_the_check_writes_goes_away_by_itself(settings: Settings) -> None:
    primary: Any = Primary()
    run(Cache(settings, primary).check)
    assert primary.written == {"health:mac-a": 60}


def test_the_cache_is_found_through_its_sentinels_over_tls(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    class Sentinels:
        def __init__(self, hosts: object, **options: Any) -> None:
            asked.update(options, hosts=hosts)

        def master_for(self, name: str) -> Any:
            asked["name"] = name
            return Primary()

    monkeypatch.setattr(dependencies, "Sentinel", Sentinels)
    assert run(Cache(settings).check).status is Status.HEALTHY
    assert asked["hosts"] == (("10.96.78.17", 26379), ("10.96.78.18", 26379))
    assert asked["name"] == "cache"
    for door in (asked, asked["sentinel_kwargs"]):
        assert (door["username"], door["password"]) == ("app", "cache-password of the test")
        assert door["ssl"] is True
        assert door["ssl_check_hostname"] is True


def test_only_tls_1_3_of_our_own_authority_is_believed(tmp_path: Path) -> None:
    stranger = tmp_path / "authority"
    stranger.write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        trusting(stranger)


def component(name: str, status: Status, *, shared: bool) -> Check:
    """A critical component in that state."""

    async def run() -> Reading:
        return Reading(status, "as told")

    return Check(name, run, critical=True, shared=shared)


def prober(check: Check, *, worked: bool, waited: float = 0.0) -> Prober:
    """A service whose only component has failed just now."""
    present = Prober([check], 600)
    if worked:
        present.results[check.name] = Result(Reading(Status.HEALTHY), 0.0, 0.0)
        present._worked.add(check.name)
    present.results[check.name] = Result(Reading(Status.UNHEALTHY), 0.0, 0.0)
    present._started = time.monotonic() - waited
    return present


def test_a_database_that_fails_over_takes_no_service_off_the_edge() -> None:
    failing = prober(component("records", Status.UNHEALTHY, shared=True), worked=True)
    assert failing.fit
    assert failing.status is Status.UNHEALTHY


def test_what_is_a_machines_own_takes_its_service_off_the_edge() -> None:
    assert not prober(component("disk", Status.UNHEALTHY, shared=False), worked=True, waited=999).fit


def test_a_service_that_never_reached_the_records_is_not_offered_at_first() -> None:
    records = component("records", Status.UNHEALTHY, shared=True)
    assert not prober(records, worked=False).fit
    assert prober(records, worked=False, waited=checks.FIRST_ANSWER + 1).fit


def test_a_new_release_is_given_up_before_patience_with_the_records_ends() -> None:
    tool = Path(checks.__file__).parents[1] / "components/scripts/prontuario-release.sh"
    assert "patience=${PRONTUARIO_PATIENCE-30}" in tool.read_text()
    assert checks.FIRST_ANSWER > 30


def test_the_edge_keeps_a_service_whose_records_went_away_and_people_see_why(running: Running) -> None:
    state = Status.HEALTHY

    async def run() -> Reading:
        return Reading(state, "as told")

    records = Check("records", run, critical=True, shared=True)
    client = running(records)
    assert client.get("/ready").status_code == 200
    state = Status.UNHEALTHY
    prober = client.app.state.service.prober
    client._runner.run(prober._refresh(records))
    assert client.get("/ready").status_code == 200
    health = client.get("/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert health.json()["components"]["records"]["status"] == "unhealthy"
