"""What both Macs' services depend on: the medical records and the cache, asked as a request would ask them.

Everything is checked on the way in: the certificate, the name in it, and the password, which is a file that
systemd shows to this service alone. What a driver says goes no further: its words may carry an address.
"""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from app.checks import Check, Reading, Status
from app.database.connection import DATABASE, WRITER
from app.database.connection import trusting as _trusting
from app.settings import Settings

RECORDS_TIMEOUT = 1.5
"""Seconds for connecting and one question; a database that needs longer helps nobody at a bedside."""
CACHE_TIMEOUT = 1.5
_STEP = 0.5
"""Seconds for one connection or answer of the cache or a Sentinel: all three Sentinels fit into one check."""

_QUESTION = """
SELECT NOT pg_is_in_recovery() AS writable,
       (SELECT count(*) FROM pg_stat_replication) AS standbys,
       current_setting('synchronous_standby_names') <> '' AS synchronous,
       CASE WHEN NOT pg_is_in_recovery() THEN pg_logical_emit_message(false, 'heartbeat', '') END AS heartbeat
"""
"""Any user may ask this: of the replication it sees how many there are, not who.

The heartbeat is a few bytes of log that nobody reads. A standby that was rewound is consistent once it has
seen one record more than its primary had then; at night, with nobody writing, it would wait for that.
"""

Connect = Callable[..., Awaitable[Any]]


def dependency_checks(settings: Settings) -> tuple[Check, ...]:
    """A check for each dependency that ``settings`` name; none for a service that runs by itself."""
    checks = []
    if settings.records_address:
        records = Records(settings)
        checks.append(Check("records", records.check, timeout=RECORDS_TIMEOUT, critical=True, shared=True))
    if settings.cache_sentinels:
        checks.append(Check("cache", Cache(settings).check, timeout=CACHE_TIMEOUT, shared=True))
    return tuple(checks)


class Records:
    """One connection to whichever instance is primary, held between checks and made anew after a failure."""

    def __init__(self, settings: Settings, connect: Connect = asyncpg.connect) -> None:
        self._settings = settings
        self._connect = connect
        self._connection: Any = None

    async def check(self) -> Reading:
        """Whether records can be written, and whether a second copy of them is being made."""
        try:
            if self._connection is None:
                self._connection = await self._open()
            seen = await self._connection.fetchrow(_QUESTION)
        except BaseException:  # also when cancelled: the rest of an answer may still be on its way
            self._drop()
            raise
        return judge_records(
            writable=seen["writable"],
            standbys=seen["standbys"],
            synchronous=seen["synchronous"],
            expected=self._settings.records_standbys,
        )

    async def _open(self) -> Any:
        settings = self._settings
        return await self._connect(
            host=str(settings.records_address),
            port=settings.records_port,
            user=WRITER,
            database=DATABASE,
            password=settings.secret("records-password"),
            ssl=_trusting(settings.secret_path("authority")),
            timeout=RECORDS_TIMEOUT,
            server_settings={"application_name": f"health {settings.machine}"},
        )

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):
                connection.terminate()


def judge_records(*, writable: bool, standbys: int, synchronous: bool, expected: int) -> Reading:
    """Writable and copied is healthy; a copy that is missing costs no work now, and must be seen."""
    if not writable:
        return Reading(Status.UNHEALTHY, "read-only: the instance that answers is no primary")
    if standbys < expected:
        return Reading(Status.DEGRADED, f"writable; {standbys} of {expected} standbys receive")
    if expected and not synchronous:
        return Reading(Status.DEGRADED, "writable; commits do not wait for the standby")
    return Reading(Status.HEALTHY, f"writable; {standbys} standbys receive")


class Cache:
    """The cache as its users find it: the Sentinels are asked, the primary they name gets a write."""

    def __init__(self, settings: Settings, primary: Redis | None = None) -> None:
        self._settings = settings
        self._primary = primary

    async def check(self) -> Reading:
        """Whether the cache takes writes, and whether its replica is connected."""
        if self._primary is None:
            self._primary = self._client()
        try:
            await self._primary.set(f"health:{self._settings.machine}", int(time.time()), ex=60)
        except ResponseError as refusal:
            # A primary that was replaced refuses, and a connection once made would stay with it.
            await self._primary.connection_pool.disconnect()
            # Its first word is a fixed one of the protocol (NOREPLICAS, OOM, READONLY); the rest is not.
            return Reading(Status.DEGRADED, f"refuses writes: {str(refusal).split(' ')[0]}")
        replication = await self._primary.info("replication")
        replicas, expected = replication["connected_slaves"], self._settings.cache_replicas
        status = Status.HEALTHY if replicas >= expected else Status.DEGRADED
        return Reading(status, f"writable; {replicas} of {expected} replicas connected")

    def _client(self) -> Redis:
        settings = self._settings
        door = {
            "username": "app",
            "password": settings.secret("cache-password"),
            "ssl": True,
            "ssl_ca_certs": str(settings.secret_path("authority")),
            "ssl_check_hostname": True,
            "socket_timeout": _STEP,
            "socket_connect_timeout": _STEP,
            # The next check is the next try; the driver's own pauses are longer than a failover.
            "retry": Retry(NoBackoff(), 0),
        }
        sentinels = Sentinel(  # type: ignore[no-untyped-call]
            settings.cache_sentinels, sentinel_kwargs=door, **door
        )
        primary: Redis = sentinels.master_for(settings.cache_name)
        return primary
