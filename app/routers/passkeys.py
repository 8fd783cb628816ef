"""Passkeys over HTTP: signing in, proving again, one's own."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from app.domain.access import more_than_a_face
from app.domain.refusals import FactorDue, NotFound, ProveAgain, SessionLocked
from app.domain.sessions import Presence
from app.repositories import passkeys as rows
from app.routers.caller import Asking, Device, Present, Services
from app.routers.passkey_forms import CreationView, NewPasskey, PasskeyProof, PasskeyView
from app.routers.session_forms import OpenedView
from app.routers.sessions import opened
from app.services.audit import Event, audit
from app.services.identity import Identity
from app.services.passkeys import add, creation_options, prove_again_with_passkey, sign_in_with_passkey

routes = APIRouter(prefix="/api/v1", tags=["chaves de acesso"])
_REFUSED: dict[int | str, dict[str, Any]] = {403: {}, 409: {}, 423: {}}
"""What a person who adds a passkey may meet, besides not being known."""


@routes.post("/sessions/passkey", status_code=201, responses={401: {}, 409: {}})
async def sign_in(form: PasskeyProof, identity: Services, device: Device) -> OpenedView:
    """A session for whoever's device signed the challenge; nobody types a name."""
    assertion = form.assertion.model_dump()
    caller, tokens = await sign_in_with_passkey(identity, form.challenge, assertion, device)
    return await opened(identity, caller, tokens)


@routes.post("/session/proof/passkey", status_code=204, responses={409: {}})
async def prove_again(form: PasskeyProof, found: Present, identity: Services) -> None:
    """As a password does, and the second factor where the hospital wants one."""
    await prove_again_with_passkey(identity, found.caller, form.challenge, form.assertion.model_dump())


@routes.post("/session/passkeys/options", status_code=201, responses=_REFUSED)
async def prepare(found: Present, identity: Services) -> CreationView:
    """Before a passkey is created; asks for a recent proof."""
    await _may_add(identity, found)
    challenge, options = await creation_options(identity, found.caller)
    return CreationView(challenge=challenge, options=options)


@routes.post("/session/passkeys", status_code=201, responses=_REFUSED)
async def keep(form: NewPasskey, found: Present, identity: Services) -> PasskeyView:
    """Keep a passkey that the device has created."""
    await _may_add(identity, found)
    made = await add(identity, found.caller, form.challenge, form.label, form.credential.model_dump())
    return PasskeyView.model_validate(made)


@routes.get("/session/passkeys")
async def mine(caller: Asking, identity: Services) -> list[PasskeyView]:
    """One's own."""
    async with identity.database.transaction() as session:
        return [PasskeyView.model_validate(one) for one in await rows.of_account(session, caller.account)]


@routes.delete("/session/passkeys/{passkey}", status_code=204)
async def revoke(passkey: UUID, caller: Asking, identity: Services) -> None:
    """One's own serves no more; that it existed stays known."""
    if not caller.proved_recently:
        raise ProveAgain
    more_than_a_face(caller)
    async with identity.database.transaction() as session:
        if not await rows.revoke(session, caller.account, passkey):
            raise NotFound
        await audit(
            session, caller, Event.FACTOR_REMOVED, subject=caller.account, detail={"passkey": passkey}
        )


async def _may_add(identity: Identity, found: Presence) -> None:
    """Whoever found a screen open, or knows a password alone, adds no passkey of theirs to the account.

    Where a second factor is due, the first passkey may be added: there is no other way to have one.
    """
    if found.standing.locked:
        raise SessionLocked
    if not found.caller.proved_recently:
        raise ProveAgain
    more_than_a_face(found.caller)
    if found.factor_due:
        async with identity.database.transaction() as session:
            if await rows.of_account(session, found.caller.account):
                raise FactorDue
