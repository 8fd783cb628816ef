"""The cache's own rules, with the real servers and Sentinels: what is promised when something dies."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from infra.config.load import read_hospital
from tests.components.conftest import hospital_document
from tests.lab.cache_bench import Bench, running

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

GOAL = 5.0
"""Seconds without writes when the primary dies."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A cache with its replica, and three Sentinels."""
    with running(tmp_path / "bench", read_hospital(hospital_document())) as bench:
        yield bench


def fill(bench: Bench, prefix: str, count: int = 200) -> set[str]:
    """Keys whose writes were acknowledged."""
    client = bench.client()
    return {key for key in (f"{prefix}:{number}" for number in range(count)) if client.set(key, "value")}


def missing(bench: Bench, keys: set[str]) -> set[str]:
    """Those of ``keys`` that the primary does not have."""
    client = bench.client()
    return {key for key in keys if client.get(key) is None}


def test_a_dead_primary_is_replaced_and_the_new_one_writes_alone(bench: Bench) -> None:
    keys = fill(bench, "before")
    bench.kill(0)
    assert bench.until(bench.writes, within=30) < GOAL
    assert not missing(bench, keys)
    more = fill(bench, "alone")
    bench.start(0)
    bench.until(bench.whole, within=30)
    assert bench.monitor(0)["role"] == "slave"
    assert not missing(bench, keys | more)
    # The one that came back may replace the other in turn.
    bench.kill(1)
    assert bench.until(bench.writes, within=30) < 2 * GOAL
    assert not missing(bench, keys | more)


def test_a_primary_that_starts_again_at_once_keeps_no_client_from_its_successor(bench: Bench) -> None:
    client = bench.client()
    assert client.set("before", "value")
    bench.containers["cache-0-server"].kill()
    bench.containers["cache-0-server"].start()

    def same_client_writes() -> bool:
        try:
            return bool(client.set("after", "value"))
        except RedisError:
            return False

    assert bench.until(same_client_writes, within=30) < 2 * GOAL
    bench.until(bench.whole, within=30)
    assert bench.monitor(1)["role"] == "master", bench.words()
    assert not missing(bench, {"before", "after"})


def test_a_lost_replica_stops_writes_for_moments_only(bench: Bench) -> None:
    bench.kill(1)
    assert bench.until(bench.writes, within=30) < GOAL
    assert bench.monitor(0)["role"] == "master"


def test_a_primary_that_is_cut_off_refuses_writes(bench: Bench) -> None:
    bench.freeze(1, 2)
    bench.until(lambda: bench.refuses(0), within=15)
    bench.thaw(1, 2)
    bench.until(bench.writes, within=30)


def test_a_primary_that_writes_alone_stops_when_no_sentinel_vouches_for_it_any_more(bench: Bench) -> None:
    bench.containers["cache-1-server"].kill()
    bench.until(bench.writes, within=30)
    bench.freeze(1, 2)
    bench.until(lambda: bench.refuses(0), within=15)
    bench.thaw(1, 2)
    bench.until(bench.writes, within=30)


def test_a_primary_that_slept_finds_its_successor_and_follows_it(bench: Bench) -> None:
    bench.freeze(0)
    assert bench.until(bench.writes, within=30) < GOAL
    keys = fill(bench, "meanwhile")
    bench.thaw(0)
    bench.until(bench.whole, within=30)
    assert bench.monitor(0)["role"] == "slave"
    assert not missing(bench, keys)


def test_a_stale_replica_is_never_promoted(bench: Bench) -> None:
    bench.kill(1)
    bench.until(bench.writes, within=30)
    keys = fill(bench, "without the replica")
    bench.kill(0)
    bench.start(1)
    with pytest.raises(AssertionError, match="not within"):
        bench.until(bench.writes, within=20)
    bench.start(0)
    bench.until(bench.writes, within=60)
    bench.until(bench.whole, within=30)
    assert not missing(bench, keys)


def test_everything_acknowledged_survives_a_power_cut_of_all(bench: Bench) -> None:
    bench.kill(0)  # the primary is not where it was at first
    bench.until(bench.writes, within=30)
    keys = fill(bench, "before")
    bench.kill()
    bench.start()
    bench.until(bench.writes, within=60)
    bench.until(bench.whole, within=30)
    assert not missing(bench, keys)


def test_the_old_word_of_one_sentinel_makes_nobody_follow(bench: Bench) -> None:
    bench.kill(0)
    bench.until(bench.writes, within=30)
    keys = fill(bench, "before")
    bench.kill()
    # The one that was away speaks long before those that know better.
    bench.start(0)
    for name in ("cache-1-server", "cache-1-keeper"):
        bench.containers[name].start()
    time.sleep(25)
    assert bench.monitor(0) == bench.monitor(1) == {}, "a server started on the word of one"
    for name in ("sentinel-1-sentinel", "sentinel-2-sentinel"):
        bench.containers[name].start()
    bench.until(bench.writes, within=60)
    bench.until(bench.whole, within=30)
    assert not missing(bench, keys)


def test_no_password_is_seen_in_a_process_or_a_log(bench: Bench) -> None:
    seen = b""
    for process in Path("/proc").glob("[0-9]*"):
        for file in ("cmdline", "environ"):
            try:
                seen += (process / file).read_bytes()
            except OSError:
                continue  # it ended
    logs = "".join(container.log.read_text() for container in bench.containers.values())
    assert b"password-of-" not in seen
    assert "password-of-" not in logs


def test_nobody_gets_in_without_a_name_or_beyond_their_rights(bench: Bench) -> None:
    stranger = bench.server(0)
    stranger.connection_pool.connection_kwargs |= {"username": "default", "password": "guess"}
    with pytest.raises(RedisError):
        stranger.ping()
    application = bench.server(0)
    for forbidden in ("CONFIG GET *", "ACL LIST", "REPLICAOF NO ONE", "SHUTDOWN", "FLUSHALL", "KEYS *"):
        with pytest.raises(RedisError, match="no permissions"):
            application.execute_command(*forbidden.split())  # type: ignore[no-untyped-call]
