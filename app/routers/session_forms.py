"""What is sent and answered around a session. Secrets travel in bodies, never in addresses."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints

from app.domain.caller import Role
from app.domain.fields import Form, View
from app.domain.sessions import Tokens
from app.repositories.sessions import Shown

Opaque = Annotated[str, StringConstraints(min_length=20, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
"""A challenge or token of ours."""
Username = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Typed = Annotated[SecretStr, Field(min_length=1, max_length=200)]
"""A password as typed; it shows in no log and no error."""


class PasswordSignIn(Form):
    challenge: Opaque
    username: Username
    password: Typed


class Renewal(Form):
    refresh_token: Opaque


class PasswordAgain(Form):
    challenge: Opaque
    password: Typed


class PasswordChange(Form):
    challenge: Opaque
    current: Typed
    new: Typed


class ChallengeView(View):
    challenge: str
    expires_in: int
    """Seconds."""
    passkey: dict[str, Any] | None
    """Options for ``navigator.credentials.get()``; None where the hospital has no name to tie passkeys to."""


class TokensView(View):
    """RFC 6749's names, so that any client library can keep them."""

    access_token: str
    refresh_token: str
    expires_in: int
    """Seconds in which the access token serves."""
    token_type: str = "Bearer"  # noqa: S105

    @classmethod
    def of(cls, tokens: Tokens) -> "TokensView":
        return cls(access_token=tokens.access, refresh_token=tokens.refresh, expires_in=tokens.access_seconds)


class SessionView(View):
    """What a screen shows its person, and what it needs to warn before the lock."""

    session: UUID
    account: UUID
    name: str
    roles: list[Role]
    method: str
    opened_at: datetime
    expires_at: datetime
    locked: bool
    locks_at: datetime
    """When nobody does anything until then."""
    inactivity_seconds: int
    password_due: bool
    factor_due: bool
    terms_due: bool
    previous_sign_in_at: datetime | None
    failures_since_then: int

    @classmethod
    def of(cls, shown: Shown, *, locked: bool) -> "SessionView":
        one, account, policy = shown
        return cls(
            session=one.id,
            account=account.id,
            name=account.name,
            roles=[Role(role) for role in account.roles],
            method=one.method,
            opened_at=one.opened_at,
            expires_at=one.expires_at,
            locked=locked,
            locks_at=one.active_at + timedelta(seconds=policy.inactivity_seconds),
            inactivity_seconds=policy.inactivity_seconds,
            password_due=one.password_due,
            factor_due=one.factor_due,
            terms_due=one.terms_due,
            previous_sign_in_at=one.previous_at,
            failures_since_then=one.failures_before,
        )


class OpenedView(TokensView):
    """Tokens of a new session, and what its person is shown first."""

    details: SessionView
