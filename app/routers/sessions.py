"""Signing in, staying, being locked, proving again, leaving."""

from fastapi import APIRouter

from app.domain.caller import Caller
from app.domain.sessions import Tokens
from app.repositories import sessions as rows
from app.routers.caller import Device, Present, Services
from app.routers.session_forms import (
    ChallengeView,
    OpenedView,
    PasswordAgain,
    PasswordChange,
    PasswordSignIn,
    Renewal,
    SessionView,
    TokensView,
)
from app.services.challenges import LASTS, Purpose, ask
from app.services.identity import Identity
from app.services.passkeys import request_options
from app.services.password_change import change_password
from app.services.sessions import leave, renew
from app.services.sign_in import prove_again_with_password, sign_in_with_password

routes = APIRouter(prefix="/api/v1", tags=["acesso"])


@routes.post("/sessions/challenge", status_code=201)
async def challenge_for_signing_in(identity: Services) -> ChallengeView:
    """Each attempt at signing in begins here and can be made once."""
    return _asked(identity, await ask(identity.database, Purpose.SIGN_IN))


@routes.post("/sessions", status_code=201, responses={401: {}, 409: {}})
async def sign_in(form: PasswordSignIn, identity: Services, device: Device) -> OpenedView:
    """Name and password. Every cause of a refusal is told with the same words."""
    password = form.password.get_secret_value()
    caller, tokens = await sign_in_with_password(identity, form.challenge, form.username, password, device)
    return await opened(identity, caller, tokens)


@routes.post("/sessions/renewal", responses={401: {}})
async def renew_tokens(form: Renewal, identity: Services, device: Device) -> TokensView:
    """New tokens for the refresh token, which serves once: shown again later it ends the session."""
    return TokensView.of(await renew(identity.database, form.refresh_token, device))


@routes.get("/session")
async def my_session(found: Present, identity: Services) -> SessionView:
    """The session of this token, locked or not."""
    async with identity.database.transaction() as session:
        shown = await rows.shown(session, found.caller.session)
    return SessionView.of(shown, locked=found.standing.locked)


@routes.delete("/session", status_code=204)
async def sign_out(found: Present, identity: Services) -> None:
    """End this session. Who finds it locked may do this too, and nothing else."""
    await leave(identity.database, found.caller, locked=found.standing.locked)


@routes.post("/session/challenge", status_code=201)
async def challenge_for_proving_again(found: Present, identity: Services) -> ChallengeView:
    """Before unlocking, before a critical act, before another password."""
    return _asked(identity, await ask(identity.database, Purpose.PROOF, account=found.caller.account))


@routes.post("/session/proof", status_code=204, responses={409: {}})
async def prove_again(form: PasswordAgain, found: Present, identity: Services) -> None:
    """The same person's password: unlocks the session, and lets it do critical acts for a few minutes."""
    password = form.password.get_secret_value()
    await prove_again_with_password(identity, found.caller, form.challenge, password)


@routes.put("/session/password", status_code=204, responses={409: {}})
async def choose_password(form: PasswordChange, found: Present, identity: Services) -> None:
    """Another password for oneself; other sessions of the same account end."""
    current, new = form.current.get_secret_value(), form.new.get_secret_value()
    await change_password(identity, found.caller, form.challenge, current, new)


def _asked(identity: Identity, challenge: str) -> ChallengeView:
    return ChallengeView(
        challenge=challenge,
        expires_in=int(LASTS.total_seconds()),
        passkey=request_options(identity, challenge),
    )


async def opened(identity: Identity, caller: Caller, tokens: Tokens) -> OpenedView:
    """The answer to signing in, whatever was shown for it."""
    async with identity.database.transaction() as session:
        shown = await rows.shown(session, caller.session)
    details = SessionView.of(shown, locked=False)
    return OpenedView(**TokensView.of(tokens).model_dump(), details=details)
