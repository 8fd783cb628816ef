"""What a load on the cache proves, and how its client goes about it."""

import asyncio
import json
from typing import Any

import pytest
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import ResponseError

from drills.framework import sessions_client as client
from drills.framework.history import Attempt, History, Operation, Outcome
from drills.framework.sessions import door_of, judge
from drills.framework.verdict import DrillError


def tries(*outcomes: tuple[float, bool]) -> History:
    """A history of tries that ended at those seconds, well or not."""
    history = History(0.0, 20.0)
    for number, (at, well) in enumerate(outcomes):
        outcome = Outcome.OK if well else Outcome.FAILED
        attempt = Attempt(at, at, outcome)
        history.operations.append(Operation(f"key-{number}", "session", at, at, outcome, (attempt,)))
    return history


LAST: dict[str, Any] = {"read_back": True, "lost": [], "unconfirmed": 0, "unconfirmed_lost": []}


def test_the_gap_is_the_time_without_any_write() -> None:
    found = judge(tries((9.0, True), (10.5, False), (13.0, True), (19.0, True)), LAST | {}, 10.0)
    assert found.gap.seconds == pytest.approx(6.0)
    assert (found.acked, found.failed_attempts, found.unproved) == (3, 1, "")


def test_a_confirmed_write_that_is_gone_is_lost_an_unconfirmed_one_is_not() -> None:
    found = judge(tries((9.0, True)), LAST | {"lost": ["a"], "unconfirmed_lost": ["b", "c"]}, 10.0)
    assert (found.lost, found.doubtful) == (1, 2)


def test_what_cannot_be_read_back_proves_nothing() -> None:
    assert judge(tries((9.0, True)), {}, 10.0).unproved
    assert judge(tries((9.0, True)), LAST | {"read_back": False}, 10.0).unproved


class Cache:
    """A primary with ``replicas``; ``refusals`` are met first."""

    def __init__(self, replicas: int = 1, *refusals: Exception) -> None:
        self.replicas = replicas
        self.refusals = list(refusals)
        self.kept: dict[str, str] = {}
        self.connection_pool = self
        self.hung_up = 0

    async def disconnect(self) -> None:
        self.hung_up += 1

    async def set(self, key: str, value: str, ex: int) -> None:
        assert ex > 600
        if self.refusals:
            raise self.refusals.pop(0)
        self.kept[key] = value

    async def wait(self, replicas: int, _: int) -> int:
        return min(self.replicas, replicas)

    async def mget(self, keys: list[str]) -> list[str | None]:
        if self.refusals:
            raise self.refusals.pop(0)
        return [self.kept.get(key) for key in keys]


def written(cache: Any) -> tuple[set[str], set[str]]:
    """The keys that one write to ``cache`` made confirmed, and unconfirmed."""
    confirmed: set[str] = set()
    unconfirmed: set[str] = set()
    asyncio.run(client.write(cache, "key", confirmed, unconfirmed))
    return confirmed, unconfirmed


def test_confirmed_is_what_a_replica_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert written(Cache(replicas=1)) == ({"key"}, set())
    assert written(Cache(replicas=0)) == (set(), {"key"})
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["ok"], first["confirmed"], first["id"]) == (True, True, "key")


def test_a_refused_write_promises_nothing_and_names_the_refusal_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cache = Cache(1, ResponseError("NOREPLICAS Not enough good replicas"))
    assert written(cache) == (set(), set())
    assert cache.hung_up == 1
    assert json.loads(capsys.readouterr().out)["error"] == "NOREPLICAS"


def test_everything_confirmed_is_looked_for_also_when_the_cache_is_away_at_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "BATCH", 2)
    cache: Any = Cache(1, Unreachable("gone"))
    cache.kept = {"a": "a", "b": "b", "d": "d"}
    assert asyncio.run(client.missing(cache, {"a", "b", "c", "d", "e"})) == ["c", "e"]


def test_a_cache_that_never_comes_back_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "READ_BACK_S", 0.0)
    cache: Any = Cache(1, Unreachable("gone"))
    assert asyncio.run(client.missing(cache, {"a"})) is None


class Machine:
    """A machine with these files."""

    def __init__(self, files: dict[str, str]) -> None:
        self.name = "mac-a"
        self.files = files

    def run(self, argv: list[str]) -> Any:
        return type("Said", (), {"stdout": self.files[argv[-1]]})


def test_the_cache_is_found_as_the_service_finds_it() -> None:
    settings = "PRONTUARIO_CACHE_SENTINELS=10.96.78.17:26379 10.96.78.18:26379\nPRONTUARIO_CACHE_NAME=cache\n"
    folder = "/etc/prontuario/service"
    files = {
        "/etc/prontuario/service.env": settings,
        f"{folder}/authority": "CERTIFICATE",
        f"{folder}/cache-password": "secret\n",
    }
    machine: Any = Machine(files)
    door = door_of(machine)
    assert door.sentinels == (("10.96.78.17", 26379), ("10.96.78.18", 26379))
    assert (door.name, door.user, door.password, door.authority) == ("cache", "app", "secret", "CERTIFICATE")
    assert "secret" not in repr(door)


def test_a_service_without_a_cache_cannot_be_drilled() -> None:
    machine: Any = Machine({"/etc/prontuario/service.env": "PRONTUARIO_PORT=8000\n"})
    with pytest.raises(DrillError, match="has no cache yet"):
        door_of(machine)
