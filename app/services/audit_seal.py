"""Seals the audit: every second each process offers to, and the database lets one of them."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from app.database.engine import Database
from app.domain.audit_chain import Anchor
from app.domain.refusals import RecordsUnavailable
from app.endings import end
from app.repositories import audit as rows

logger = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two sealings: how long a row may lie without a link."""
ANCHOR_INTERVAL = 60.0
"""Seconds between two anchors: how much of the end somebody who owns the database could cut off unseen."""
MOST = 500
"""Rows in one transaction, some 10 ms; with more waiting the next follows at once."""


async def seal(database: Database) -> int:
    """Give every waiting row its link; how many got one here."""
    total = 0
    while True:
        async with database.transaction() as session:
            sealed = await rows.seal(session, MOST)
        total += sealed or 0
        if sealed is None or sealed < MOST:
            return total


class Sealer:
    """The task of one process; without a database it does nothing. ``keep``: where an anchor is told besides
    the log."""

    def __init__(
        self, database: Database | None, keep: Callable[[Anchor], Awaitable[None]] | None = None
    ) -> None:
        self._database = database
        self._keep = keep
        self._anchored: Anchor | None = None
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; never raises."""
        if self._database is not None:
            self._task = asyncio.create_task(self._run(self._database))

    async def stop(self) -> None:
        """End; what is not sealed is left to another process, or to the next start."""
        if self._task is not None:
            await end([self._task])

    async def once(self, database: Database) -> None:
        """One sealing, and an anchor when one is due."""
        await seal(database)
        if time.monotonic() >= self._due:
            await self.anchor(database)

    async def anchor(self, database: Database) -> None:
        """Tell the outside where the chain ends, when it is not where it was."""
        async with database.transaction() as session:
            last = await rows.end(session)
        self._due = time.monotonic() + ANCHOR_INTERVAL
        if last is None or last == self._anchored:
            return
        logger.info("audit anchor", extra={"position": last.position, "hash": last.hash.hex()})
        if self._keep is not None:
            await self._keep(last)
        self._anchored = last

    async def _run(self, database: Database) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.once(database)
            except RecordsUnavailable:
                continue  # a failover; rows wait, and the health check tells of it
            except Exception:
                logger.exception("the audit could not be sealed")
