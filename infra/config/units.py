"""Quantities, names and addresses as people write them in a stack file.

A bare number is no duration: nobody should have to guess whether 200 meant seconds or milliseconds. HAProxy
and keepalived count in whole milliseconds: a finer one is refused, not rounded behind one's back.
"""

import re
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from infra.config.words import Words

_MILLISECONDS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
_DURATION = r"^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|min|h)$"
_DURATION_WORDS = "a duration from 1ms to 24h with its unit, such as 200ms, 5s, 10min or 2h"
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS = rf"^({_OCTET}\.){{3}}{_OCTET}$"
_NETWORK = rf"^({_OCTET}\.){{3}}{_OCTET}/(3[0-2]|[12]?[0-9])$"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


def parse_duration(value: object) -> float:
    """Seconds in ``value``, which is text such as ``200ms``; raises ValueError for anything else."""
    if isinstance(value, str) and (match := re.fullmatch(_DURATION, value)):
        milliseconds = Decimal(match[1]) * _MILLISECONDS[match[2]]
        if 1 <= milliseconds <= 24 * _MILLISECONDS["h"] and milliseconds % 1 == 0:
            return int(milliseconds) / 1000
    raise ValueError(_DURATION_WORDS)


def format_duration(seconds: float) -> str:
    """The shortest text that :func:`parse_duration` reads back as ``seconds``."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"


def _address(value: object) -> object:
    """``value`` when it is text or an address: a bare 12 would otherwise be read as 0.0.0.12."""
    if not isinstance(value, str | IPv4Address):
        raise ValueError("an address")
    return value


def _network(value: object) -> object:
    """``value`` when it is a network or text with its prefix: a lone address would otherwise be a /32."""
    if isinstance(value, IPv4Network) or (isinstance(value, str) and re.fullmatch(_NETWORK, value)):
        return value
    raise ValueError("a network")


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DURATION, "examples": ["200ms", "5s", "10min"]}),
    Words(_DURATION_WORDS),
]
"""Seconds (float), written with a unit: ``200ms``, ``5s``, ``10min``, ``2h``."""

Address = Annotated[
    IPv4Address,
    BeforeValidator(_address),
    WithJsonSchema({"type": "string", "pattern": _ADDRESS}),
    Words("an IPv4 address such as 192.168.100.10"),
]
Network = Annotated[
    IPv4Network,
    BeforeValidator(_network),
    WithJsonSchema({"type": "string", "pattern": _NETWORK}),
    Words("a network such as 192.168.100.0/24, with no host part"),
]

_BINARY = {"Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def storage_bytes(size: str) -> int:
    """Bytes of a :data:`StorageSize`."""
    return int(size[:-2]) * _BINARY[size[-2:]]


StorageSize = Annotated[
    str,
    Field(pattern=r"^[1-9][0-9]{0,5}(Mi|Gi|Ti)$"),
    Words("a size such as 512Mi, 100Gi or 4Ti"),
]
"""As Kubernetes writes it; :func:`storage_bytes` counts it."""

MachineName = Annotated[
    str,
    Field(pattern=r"^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$"),
    Words("a name of lower-case letters, digits and inner hyphens, at most 31, a letter first"),
]
DnsName = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", max_length=253
    ),
    Words("a lower-case domain name such as prontuario.hospital.internal"),
]
_HOST = rf"({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?"
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
IssuerUrl = Annotated[
    str,
    Field(pattern=rf"^https://{_HOST}(:{_PORT})?(/[A-Za-z0-9._~/-]*)?$", max_length=200),
    Words(
        "an https address by name, as the provider writes it, such as https://sso.hospital.internal/clinic"
    ),
]
ClientId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$"),
    Words("letters, digits, '.', '_' and '-', at most 96"),
]
InstitutionName = Annotated[
    str,
    Field(pattern=r"^[^\s$\x00-\x1f\x7f]([^$\x00-\x1f\x7f]{0,118}[^\s$\x00-\x1f\x7f])?$"),
    Words("the hospital's name as its documents print it: one line, at most 120 characters, without $"),
]
"""Kubernetes would read ``$(...)`` in a pod's environment as a variable."""
Cnes = Annotated[
    str,
    Field(pattern=r"^[0-9]{7}$"),
    Words("the establishment's seven digits in quotes, such as '1234567'"),
]
_ED25519 = r"^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}$"
HostKey = Annotated[
    str,
    Field(pattern=_ED25519),
    Words("the machine's ed25519 public host key, 'ssh-ed25519 AAAA...' without its comment"),
]
PublicKey = Annotated[
    str,
    Field(pattern=_ED25519),
    Words("an ed25519 public key, 'ssh-ed25519 AAAA...' without its comment"),
]
UserName = Annotated[
    str,
    Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$"),
    Words("a user name of lower-case letters, digits, _ and -, at most 32"),
]
Interface = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9._-]{0,14}$"),
    Words("a network interface such as eth0, at most 15 characters"),
]
ProjectId = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$"),
    Words("a Google Cloud project id: 6 to 30 lower-case letters, digits and inner hyphens"),
]
Label = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$"),
    Words("letters, digits, spaces, '.', '_' and '-', at most 63"),
]

Switch = Annotated[bool, Words("true or false, without quotes")]
Port = Annotated[int, Field(ge=1, le=65535), Words("a port from 1 to 65535")]
Percent = Annotated[int, Field(ge=0, le=100), Words("a whole number from 0 to 100")]
Amount = Annotated[int, Field(ge=0, le=1_000_000), Words("a whole number, 0 or more")]
Count = Annotated[int, Field(ge=1, le=1_000_000), Words("a whole number, 1 or more")]
Tries = Annotated[int, Field(ge=1, le=20), Words("a whole number from 1 to 20")]
