"""A connection to the records' primary, made as all must be: TLS, a checked name, a password from a file."""

import ssl
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from app.settings import Settings

DATABASE = "medical_records"
OWNER = "medical_user"
"""Owns the tables: migrations alone are done in its name."""
WRITER = "medical_app"
"""The service: reads and writes rows, changes no table, deletes nothing of the record."""
READER = "medical_read"
"""Reports: reads rows, the audit excepted."""

_SECRETS = {OWNER: "records-owner-password", WRITER: "records-password"}
_CONNECT_TIMEOUT = 1.5


def trusting(authority: Path) -> ssl.SSLContext:
    """TLS 1.3 alone, and certificates of this authority alone."""
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


async def connect(settings: Settings, user: str, *, purpose: str, patience: float | None) -> Any:
    """A connection as ``user``; nothing asked over it takes longer than ``patience`` seconds (None: forever).

    Raises OSError, TimeoutError, ssl.SSLError or asyncpg.PostgresError.
    """
    limits = {} if patience is None else _limits(patience)
    return await asyncpg.connect(
        host=str(settings.records_address),
        port=settings.records_port,
        user=user,
        database=DATABASE,
        password=settings.secret(_SECRETS[user]),
        ssl=trusting(settings.secret_path("authority")),
        timeout=_CONNECT_TIMEOUT,
        command_timeout=patience,
        server_settings={"application_name": f"{purpose} {settings.machine}", "TimeZone": "UTC", **limits},
    )


def _limits(patience: float) -> dict[str, str]:
    """The server gives up by itself, a little earlier than the client: then it can still say why."""
    milliseconds = str(int(patience * 900))
    return {
        "lock_timeout": milliseconds,
        "statement_timeout": milliseconds,
        # A service that froze must not hold its locks, the audit's above all.
        "idle_in_transaction_session_timeout": str(int(patience * 2000)),
    }
