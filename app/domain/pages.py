"""Long lists in pages. A cursor says where the last one ended, so that new entries shift nothing."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from app.domain.fields import View
from app.domain.refusals import Invalid

Item = TypeVar("Item")
_LONGEST = 600


class Page(View, Generic[Item]):
    """``items`` in their order; ``next`` is the cursor of what follows, null at the end."""

    items: list[Item]
    next: str | None = None


def encode_cursor(*position: str) -> str:
    """The place of the last item of a page."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def decode_cursor(cursor: str | None, *parts: Callable[[str], Any]) -> Any:
    """What ``encode_cursor`` was given, each part read by its own function; None without a cursor.

    Raises Invalid when this is no cursor of ours.
    """
    if cursor is None:
        return None
    try:
        if len(cursor) > _LONGEST:
            raise ValueError
        position = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        return tuple(read(word(part)) for read, part in zip(parts, position, strict=True))
    except (ValueError, TypeError, OverflowError):  # binascii's and JSON's errors are ValueErrors
        raise Invalid("A marca de página não é válida. Refaça a consulta desde o início.") from None


def word(part: object) -> str:
    """A text that a database takes; ValueError otherwise."""
    if not isinstance(part, str) or "\x00" in part:
        raise ValueError
    part.encode()
    return part


def moment(written: str) -> datetime:
    """A time of any century that a chart may tell of, with its zone; ValueError otherwise."""
    when = datetime.fromisoformat(written)
    if when.tzinfo is None or not 1900 <= when.year <= 9000:
        raise ValueError
    return when


def cut(rows: Sequence[Item], limit: int) -> tuple[list[Item], bool]:
    """The first ``limit`` rows, and whether there was one more."""
    return list(rows[:limit]), len(rows) > limit
