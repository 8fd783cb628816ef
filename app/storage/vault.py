"""Content sealed before it leaves the service: AES-256-GCM, one key for each object, wrapped by ours.

``PRN1 | key id (8) | nonce (12) | wrapped key (48) | nonce (12) | content and tag``. The object's name is
bound in, so that no object can be passed off as another.
"""

import secrets
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MARK = b"PRN1"
_ID = 8
_NONCE = 12
_KEY = 32
_WRAPPED = _KEY + 16
_HEAD = len(_MARK) + _ID + _NONCE + _WRAPPED


class Damaged(Exception):
    """The object is not what was stored under this name, or its key is gone."""


@dataclass(frozen=True)
class Vault:
    """``keys``: id (8 letters or digits) -> 32 bytes. New objects take ``active``; the others still open."""

    active: str
    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.active not in self.keys:
            raise ValueError("the active document key is not among the document keys")
        for name, key in self.keys.items():
            if len(name) != _ID or not name.isascii() or not name.isalnum() or len(key) != _KEY:
                raise ValueError("a document key is 8 letters or digits, a colon, and 32 bytes in base64")

    @classmethod
    def read(cls, text: str) -> Self:
        """From lines ``id:base64``; the first is the active one. Raises ValueError, which quotes no key."""
        pairs = [line.partition(":") for line in text.split()]
        if not pairs:
            raise ValueError("there is no document key")
        try:
            keys = {name: b64decode(key, validate=True) for name, _, key in pairs}
        except ValueError:
            raise ValueError(
                "a document key is 8 letters or digits, a colon, and 32 bytes in base64"
            ) from None
        return cls(pairs[0][0], keys)

    def seal(self, name: str, content: bytes) -> bytes:
        """``content`` as it may lie in a store, under ``name``."""
        key = AESGCM.generate_key(_KEY * 8)
        mark = _MARK + self.active.encode()
        outer, inner = secrets.token_bytes(_NONCE), secrets.token_bytes(_NONCE)
        wrapped = AESGCM(self.keys[self.active]).encrypt(outer, key, mark + name.encode())
        return mark + outer + wrapped + inner + AESGCM(key).encrypt(inner, content, mark + name.encode())

    def open(self, name: str, stored: bytes) -> bytes:
        """What was sealed under ``name``; raises Damaged."""
        mark = stored[: len(_MARK) + _ID]
        master = self.keys.get(mark[len(_MARK) :].decode("ascii", "replace"))
        if not mark.startswith(_MARK) or master is None or len(stored) < _HEAD + _NONCE:
            raise Damaged
        bound = mark + name.encode()
        outer = stored[len(mark) : len(mark) + _NONCE]
        wrapped = stored[len(mark) + _NONCE : _HEAD]
        inner = stored[_HEAD : _HEAD + _NONCE]
        try:
            key = AESGCM(master).decrypt(outer, wrapped, bound)
            return AESGCM(key).decrypt(inner, stored[_HEAD + _NONCE :], bound)
        except InvalidTag:
            raise Damaged from None
