"""Transactions of the records: a small pool, bounded waits, and one error for everything that will pass."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.database.connection import WRITER, connect
from app.domain.refusals import RecordsUnavailable
from app.settings import Settings

_PASSING = (
    "08",  # the connection broke
    "53",  # the server has no connection, memory or disk left
    "57P",  # it is being stopped, or was
    "25006",  # it became a standby: a failover
    "25P03",  # we held a transaction for too long
    "40",  # deadlock, serialisation
    "55P03",  # a lock was not given in time
    "57014",  # a statement took too long
)
"""SQLSTATEs, or their beginnings, after which the same request may succeed."""

_GONE = (
    (asyncpg.InterfaceError, "connection is closed"),  # it was seen to end
    # The server's last words came unasked, and the end was not seen yet; or the end came with them.
    (asyncpg.InternalClientError, "cannot switch to state"),
    (asyncpg.InternalClientError, "not connected"),
)
"""What asyncpg says of a lost connection without a SQLSTATE: by its words, because the same two types tell of
mistakes of ours too."""

_OF_THE_DATABASE = (
    DBAPIError,
    PoolTimeout,
    OSError,
    # SQLAlchemy wraps these everywhere but while a connection is made and set up.
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class Database:
    """The records' primary, as ``user``. Nothing is connected before the first transaction."""

    def __init__(self, settings: Settings, user: str = WRITER) -> None:
        async def new_connection() -> Any:
            return await connect(
                settings, user, purpose=str(settings.role), patience=settings.records_patience
            )

        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=new_connection,
            pool_size=settings.records_connections,
            max_overflow=0,
            pool_timeout=settings.records_patience,
            # After a failover every pooled connection is dead: one is tried before a request relies on it.
            pool_pre_ping=True,
        )
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session in one transaction: committed at the end, rolled back by any exception.

        Raises RecordsUnavailable for whatever may succeed when it is tried again.
        """
        try:
            async with self._sessions() as session, session.begin():
                yield session
        except _OF_THE_DATABASE as error:
            if is_passing(error):
                raise RecordsUnavailable from error
            raise

    async def close(self) -> None:
        """Give every connection back to the server."""
        await self._engine.dispose()


def is_passing(error: BaseException) -> bool:
    """Whether the database, not the request, is at fault, and a later try may succeed."""
    if isinstance(error, (OSError, PoolTimeout)):  # TimeoutError is an OSError
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error.__cause__, OSError):
            return True
        error = error.orig or error
    if str(getattr(error, "sqlstate", None) or "").startswith(_PASSING):
        return True
    told = (error, error.__cause__)  # SQLAlchemy's own error, which holds asyncpg's words, or asyncpg's
    return any(isinstance(one, kind) and words in str(one) for one in told for kind, words in _GONE)
