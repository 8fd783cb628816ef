"""Headers and address of a write, whatever bytes they are made of."""

import asyncio
from typing import Any

import pytest
from fastapi import Request

from app.routers.headers import repetition


@pytest.mark.parametrize("query", [b"", b"a=b", b"\xf3", b"%F3"])
def test_what_stands_behind_the_path_of_a_write_makes_no_difference(query: bytes) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    scope = {
        **{"type": "http", "method": "POST", "path": "/api/v1/patients", "query_string": query},
        **{"headers": [], "scheme": "http", "server": ("service", 80)},
    }
    plain = Request(scope | {"query_string": b""}, receive)
    asked = asyncio.run(repetition(Request(scope, receive), "key-00001"))
    assert asked == asyncio.run(repetition(plain, "key-00001"))
