"""The second factor at a shared workstation: a session that a password opened is shown its person's face.

It completes a sign-in and does nothing else: it opens no session, unlocks none, and is no recent proof.
"""

from uuid import UUID

from app.domain.caller import Caller
from app.domain.faces import likeness
from app.domain.refusals import Conflict, NotProved, ProveAgain, SessionLocked
from app.domain.sessions import Method, Presence
from app.repositories import faces as rows
from app.repositories import sessions
from app.services.audit import Event, audit
from app.services.challenges import Purpose, spend
from app.services.faces import mine, needed
from app.services.identity import Identity


async def show_face(identity: Identity, found: Presence, challenge: str, picture: bytes) -> None:
    """The session's second factor, if the face is its person's.

    A picture without one clear face is refused and counts as no try: nothing was compared. Raises FaceOff,
    SessionLocked, Conflict, ProveAgain, ChallengeSpent, FaceRefused, FaceUnavailable or NotProved.
    """
    reading = needed(identity)
    caller = found.caller
    _is_waited_for(found)
    await spend(identity.database, challenge, Purpose.PROOF, caller.address, account=caller.account)
    kept = await mine(identity, caller)
    if kept is None or kept.sealed is None:
        raise Conflict("Você não cadastrou seu rosto. Confirme com sua chave de acesso.")
    if kept.model != reading.model:
        raise Conflict("O reconhecimento facial mudou. Exclua o cadastro do seu rosto e faça outro.")
    before = await reading.open(kept.id, kept.sealed)
    seen = await reading.see(picture)
    async with identity.database.transaction() as session:
        counted = await rows.count_try(session, kept.id, (await sessions.policy(session)).tries)
    alike = len(seen) == len(before) and likeness(seen, before) >= reading.threshold
    if not (counted and alike and await _accept(identity, caller, kept.id)):
        await _refuse(identity, caller, kept.id, counted=counted)
        raise NotProved("O rosto não confere, ou o reconhecimento está bloqueado. Use sua chave de acesso.")


def _is_waited_for(found: Presence) -> None:
    """A face comes second: to a password or a provider that has just let its person in."""
    if found.standing.locked:
        raise SessionLocked
    if not found.factor_due:
        raise Conflict("Esta sessão não espera um segundo fator.")
    if not found.caller.proved_recently:
        raise ProveAgain


async def _accept(identity: Identity, caller: Caller, one: UUID) -> bool:
    """Mark the session; False when the face was revoked or locked meanwhile."""
    async with identity.database.transaction() as session:
        if not await rows.succeed(session, one):
            return False
        await sessions.show_face(session, caller.session)
        told: dict[str, UUID | Method] = {"method": Method.FACE, "face": one}
        await audit(session, caller, Event.SECOND_FACTOR_SHOWN, subject=caller.session, detail=told)
    return True


async def _refuse(identity: Identity, caller: Caller, one: UUID, *, counted: bool) -> None:
    """Keep that it was refused, never how alike it was; lock the face whose tries are used up."""
    told: dict[str, UUID | str] = {"reason": "face-wrong" if counted else "face-locked", "face": one}
    async with identity.database.transaction() as session:
        await audit(session, caller, Event.LOGIN_REFUSED, subject=caller.account, detail=told)
        rules = await sessions.policy(session)
        if await rows.lock_after(session, one, rules.tries, rules.lock_seconds):
            await audit(session, caller, Event.LOCKED_OUT, subject=caller.account, detail={"face": one})
