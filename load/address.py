"""Where the hospital answers: a name that its certificate carries, and perhaps another place to find it."""

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from drills.framework.client import Door, trusting

PORT = 443


class AddressError(ValueError):
    """The address cannot be used; one line for people."""


def door_to(base: str, authority: Path | None, connect: str | None = None) -> Door:
    """The door of ``https://name[:port]``.

    authority: certificate of whoever vouches for the name; None: those that this computer trusts
    connect: ``address[:port]`` to connect to instead, when the name is not known to this computer
    """
    parts = urlsplit(base)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise AddressError(f"{base}: the address is https://name or https://name:port, and nothing else")
    address, _, port = (connect or "").partition(":")
    if port and not port.isdecimal():
        raise AddressError(f"{connect}: connect to address or address:port")
    return Door(
        address=address or parts.hostname,
        server_name=parts.hostname,
        tls=trusting(authority) if authority else _of_this_computer(),
        port=int(port) if port else parts.port or PORT,
    )


def _of_this_computer() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
