"""Long lists in pages. A cursor says where the last one ended, so that new entries shift nothing."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Generic, TypeVar

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


def decode_cursor(cursor: str, parts: int) -> list[str]:
    """What ``encode_cursor`` was given; Invalid when this is no cursor of ours with so many parts."""
    try:
        if len(cursor) > _LONGEST:
            raise ValueError
        position = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if not isinstance(position, list) or len(position) != parts:
            raise ValueError
        if not all(isinstance(part, str) and "\x00" not in part for part in position):
            raise ValueError
    except (ValueError, binascii.Error):
        raise Invalid("A marca de página não é válida. Refaça a consulta desde o início.") from None
    return position


def cut(rows: Sequence[Item], limit: int) -> tuple[list[Item], bool]:
    """The first ``limit`` rows, and whether there was one more."""
    return list(rows[:limit]), len(rows) > limit
