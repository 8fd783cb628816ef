"""One's own face: enrolled after a full sign-in, and forgotten the moment its owner says so."""

from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import more_than_a_face
from app.domain.caller import Caller
from app.domain.faces import TERMS, FaceOff
from app.domain.refusals import (
    Conflict,
    FactorDue,
    Invalid,
    NotFound,
    PasskeyNeeded,
    ProveAgain,
    SessionLocked,
)
from app.domain.sessions import Presence
from app.repositories import faces as rows
from app.services.audit import Event, audit
from app.services.challenges import Purpose, spend
from app.services.face_reading import FaceReading
from app.services.identity import Identity
from app.tables import Face

_THERE = "Você já cadastrou seu rosto. Exclua o cadastro antes de fazer outro."


def needed(identity: Identity) -> FaceReading:
    """What sees faces; raises FaceOff where the hospital wants none."""
    if identity.faces is None:
        raise FaceOff
    return identity.faces


async def mine(identity: Identity, caller: Caller) -> Face | None:
    """The caller's own, as it is kept."""
    async with identity.database.transaction() as session:
        return await rows.of_account(session, caller.account)


async def enrol(identity: Identity, found: Presence, challenge: str, terms: str, picture: bytes) -> Face:
    """Keep what the caller looks like, and that they agreed to it.

    Raises FaceOff, SessionLocked, FactorDue, PasskeyNeeded, ProveAgain, Invalid for a text that nobody reads
    any more, ChallengeSpent, FaceRefused, FaceUnavailable or Conflict.
    """
    reading = needed(identity)
    _may_enrol(found)
    if terms != TERMS:
        raise Invalid("O texto da autorização mudou. Leia o atual e autorize de novo.")
    caller = found.caller
    await spend(identity.database, challenge, Purpose.PROOF, caller.address, account=caller.account)
    if await mine(identity, caller) is not None:
        raise Conflict(_THERE)
    seen = await reading.see(picture)
    one = uuid4()
    face = Face(
        id=one,
        account_id=caller.account,
        sealed=await reading.seal(one, seen),
        model=reading.model,
        terms=terms,
    )
    try:
        async with identity.database.transaction() as session:
            session.add(face)
            await session.flush()
            await session.refresh(face)
            told: dict[str, UUID | str] = {"face": one, "terms": terms}
            await audit(session, caller, Event.CONSENT_RECORDED, subject=caller.account, detail=told)
            await audit(session, caller, Event.FACTOR_ADDED, subject=caller.account, detail={"face": one})
    except IntegrityError:
        # Another request of theirs was quicker.
        raise Conflict(_THERE) from None
    return face


async def revoke(identity: Identity, caller: Caller) -> None:
    """The caller takes it back; what was kept is gone. Raises NotFound.

    Asks for no recent proof: to take it back must be as easy as that, and a factor less opens nothing.
    """
    async with identity.database.transaction() as session:
        if not await forget(session, caller, caller.account):
            raise NotFound


async def forget(session: AsyncSession, caller: Caller, account: UUID) -> bool:
    """Nothing of an account's face stays; whether there was any."""
    one = await rows.forget(session, account)
    if one is None:
        return False
    await audit(session, caller, Event.CONSENT_REVOKED, subject=account, detail={"face": one})
    await audit(session, caller, Event.FACTOR_REMOVED, subject=account, detail={"face": one})
    return True


def _may_enrol(found: Presence) -> None:
    """Whoever knows a password alone, or was let in by a face, adds none of theirs to the account."""
    if found.standing.locked:
        raise SessionLocked
    if found.factor_due:
        raise FactorDue
    more_than_a_face(found.caller)
    if not found.strong:
        raise PasskeyNeeded("Para cadastrar seu rosto, confirme antes com sua chave de acesso.")
    if not found.caller.proved_recently:
        raise ProveAgain
