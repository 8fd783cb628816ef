"""Who asks, as a dependency of every route that is not open to all: ``caller: Asking``."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.domain.caller import Address, Caller
from app.domain.refusals import FactorDue, NotIdentified, PasswordDue, RecordsUnavailable, SessionLocked
from app.domain.sessions import Presence
from app.domain.terms import TermsDue
from app.sender import LONGEST_TOKEN, device
from app.services.identity import Identity
from app.services.sessions import recognise

_BEARER = HTTPBearer(bearerFormat="opaque", description="O access_token da entrada", auto_error=False)
_BY_ITSELF = "x-prontuario-automatico"
"""A screen that asks by itself, without its person, says so: it must not keep an abandoned session open."""


# Asynchronous though they wait for nothing: FastAPI would hand each plain function to a thread and back.
async def identity(request: Request) -> Identity:
    """The services of identity; RecordsUnavailable where this process has no records."""
    found: Identity | None = request.app.state.identity
    if found is None:
        raise RecordsUnavailable
    return found


async def sender(request: Request) -> Address | None:
    """The device's address."""
    return device(request)


async def presence(
    request: Request,
    shown: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    services: Annotated[Identity, Depends(identity)],
) -> Presence:
    """Whoever showed the token, locked or not. Raises NotIdentified."""
    if shown is None or len(shown.credentials) > LONGEST_TOKEN:
        raise NotIdentified
    attentive = _BY_ITSELF not in request.headers
    return await recognise(services.database, shown.credentials, device(request), attentive=attentive)


async def current_caller(request: Request, found: Annotated[Presence, Depends(presence)]) -> Caller:
    """The person behind this request. Raises NotIdentified, SessionLocked, FactorDue, PasswordDue,
    TermsDue."""
    request.state.caller = found.caller  # whoever refuses the request later can tell the audit whose it was
    if found.standing.locked:
        raise SessionLocked
    if found.factor_due:
        raise FactorDue
    if found.password_due:
        raise PasswordDue
    if found.terms_due:
        raise TermsDue
    return found.caller


Services = Annotated[Identity, Depends(identity)]
Device = Annotated[Address | None, Depends(sender)]
Present = Annotated[Presence, Depends(presence)]
Asking = Annotated[Caller, Depends(current_caller)]
