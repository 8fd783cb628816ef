"""What a request shows of who sent it, before anybody is recognised."""

from contextlib import suppress
from ipaddress import ip_address

from fastapi import Request

from app.domain.caller import Address

LONGEST_TOKEN = 200


def device(request: Request) -> Address | None:
    """The device's address: the peer's, or the one that an edge of ours names last."""
    peer = _address(request.client.host if request.client else "")
    if peer in request.app.state.service.settings.edge_addresses:
        named = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2]
        return _address(named.strip()) or peer
    return peer


def token(request: Request) -> str | None:
    """The token that was shown; None for none, and for what can be none of ours."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return shown if scheme.lower() == "bearer" and 0 < len(shown) <= LONGEST_TOKEN else None


def _address(written: str) -> Address | None:
    with suppress(ValueError):
        return ip_address(written)
    return None
