"""One challenge for each attempt at proving something: an attempt recorded and sent again opens nothing."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.database.engine import Database
from app.domain.caller import Address
from app.domain.refusals import ChallengeSpent
from app.repositories import sessions as rows
from app.services.audit import Event, audit
from app.services.tokens import fingerprint, new_secret

LASTS = timedelta(minutes=5)


class Purpose(StrEnum):
    """What an attempt is for: a challenge for one serves for no other."""

    SIGN_IN = "entrada"
    PROOF = "confirmacao"
    PASSKEY = "chave-nova"
    PROVIDER = "provedor"
    LINK = "vinculo"


async def ask(
    database: Database,
    purpose: Purpose,
    *,
    account: UUID | None = None,
    content: Mapping[str, Any] | None = None,
) -> str:
    """A new challenge: 43 characters of URL-safe base64 without padding, as WebAuthn writes it too.

    account: whose answer alone counts; None: somebody who has not signed in
    """
    challenge = new_secret()
    async with database.transaction() as session:
        await rows.challenge(
            session,
            fingerprint(challenge),
            purpose.value,
            content=content or {},
            lasts=LASTS,
            account=account,
        )
    return challenge


async def spend(
    database: Database,
    challenge: str,
    purpose: Purpose,
    address: Address | None,
    *,
    account: UUID | None = None,
) -> dict[str, Any]:
    """What the challenge was made with; it is spent whatever comes next. Raises ChallengeSpent."""
    async with database.transaction() as session:
        content = await rows.spend(session, fingerprint(challenge), purpose.value, account)
        if content is not None:
            return content
        await audit(
            session,
            None,
            Event.LOGIN_REFUSED,
            address=address,
            subject=account,
            detail={"reason": "challenge-spent", "purpose": purpose},
        )
    raise ChallengeSpent
