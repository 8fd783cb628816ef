"""Users of the cache on one machine: sessions that are written again and again, and looked for in the end.

``python -m drills.framework.sessions_client`` is what the workload in :mod:`drills.framework.sessions` starts
inside a machine's network. It reads what it must know from the first line of its standard input (the
password too, so that no command line holds it), prints a line of JSON for each try, and when its standard
input ends a last one: which of the confirmed writes are not there.
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

STEP_S = 0.5
"""For one connection or answer."""
CONFIRM_MS = 200
"""How long a write waits to hear that the replica has it too."""
READ_BACK_S = 60.0
BATCH = 500

UNANSWERED = (RedisError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class CacheDoor:
    """How a service is told to find the cache; ``authority`` is a certificate (PEM)."""

    sentinels: tuple[tuple[str, int], ...]
    name: str
    user: str
    authority: str
    password: str = field(repr=False)

    def client(self) -> Redis:
        """The primary, whoever that is at the moment of each connection."""
        options: dict[str, Any] = {
            "username": self.user,
            "password": self.password,
            "ssl": True,
            "ssl_ca_data": self.authority,
            "ssl_check_hostname": True,
            "socket_timeout": STEP_S,
            "socket_connect_timeout": STEP_S,
            "retry": Retry(NoBackoff(), 0),
        }
        sentinels = Sentinel(  # type: ignore[no-untyped-call]
            self.sentinels, sentinel_kwargs=options, **options
        )
        client: Redis = sentinels.master_for(self.name)
        return client


@dataclass(frozen=True, slots=True)
class Orders:
    """How much is written: ``rate`` tries per second of all ``writers`` together, while the input is open."""

    rate: float
    writers: int


def say(**line: object) -> None:
    """One line for whoever reads."""
    print(json.dumps(line), flush=True)


async def write(client: Redis, key: str, confirmed: set[str], unconfirmed: set[str]) -> None:
    """One try. Acknowledged is what the primary answered; confirmed, what a replica had then, too."""
    began = monotonic()
    try:
        async with asyncio.timeout(2 * STEP_S):
            await client.set(key, key, ex=3600)
            ended = monotonic()
            # WAIT speaks for all that this connection wrote: the pool of each writer has one.
            copies = await client.wait(1, CONFIRM_MS)
    except UNANSWERED as error:
        reason = str(error).split(" ")[0] if isinstance(error, RedisError) else type(error).__name__
        say(began=began, ended=monotonic(), ok=False, error=reason[:40], id=key)
        # A primary that was replaced refuses, and a connection once made would stay with it.
        await client.connection_pool.disconnect()
        return
    (confirmed if copies else unconfirmed).add(key)
    say(began=began, ended=ended, ok=True, confirmed=bool(copies), id=key)


async def missing(client: Redis, keys: Iterable[str]) -> list[str] | None:
    """Those of ``keys`` that the primary does not have; None when it cannot be asked."""
    wanted = sorted(keys)
    end = monotonic() + READ_BACK_S
    while True:
        try:
            found: list[Any] = []
            for first in range(0, len(wanted), BATCH):
                found += await client.mget(wanted[first : first + BATCH])
            return [key for key, value in zip(wanted, found, strict=True) if value is None]
        except UNANSWERED:
            if monotonic() > end:
                return None
            await asyncio.sleep(0.5)


async def use(door: CacheDoor, orders: Orders) -> None:
    """Write on schedule until standard input ends, then look for everything."""
    confirmed: set[str] = set()
    unconfirmed: set[str] = set()
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

    async def writer(number: int) -> None:
        client, due = door.client(), monotonic() + number / orders.rate
        while not over.done():
            await asyncio.sleep(max(0.0, due - monotonic()))
            due = max(due, monotonic() - 1) + orders.writers / orders.rate
            await write(client, f"drill:{uuid.uuid4()}", confirmed, unconfirmed)

    await asyncio.gather(*(writer(number) for number in range(orders.writers)))
    reader = door.client()
    lost = await missing(reader, confirmed)
    doubtful = await missing(reader, unconfirmed)
    say(read_back=lost is not None, lost=lost, unconfirmed=len(unconfirmed), unconfirmed_lost=doubtful)


if __name__ == "__main__":
    told: dict[str, Any] = json.loads(sys.stdin.readline())
    pairs = tuple((str(host), int(port)) for host, port in told["door"].pop("sentinels"))
    asyncio.run(use(CacheDoor(sentinels=pairs, **told["door"]), Orders(**told["orders"])))
