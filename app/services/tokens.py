"""Random secrets that devices show, and what the records keep of them."""

import hashlib
import secrets

_BYTES = 32


def new_secret() -> str:
    """256 random bits, as 43 characters that need no escaping anywhere."""
    return secrets.token_urlsafe(_BYTES)


def fingerprint(secret: str) -> bytes:
    """What is kept: nobody can make a secret of 256 random bits out of its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()
