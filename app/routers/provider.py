"""The identity provider over HTTP. The provider returns the browser to a page of ours, which asks here."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import StringConstraints

from app.domain.access import more_than_a_face
from app.domain.fields import Form, View
from app.domain.refusals import ProveAgain
from app.routers.caller import Asking, Device, Services
from app.routers.session_forms import Opaque, OpenedView
from app.routers.sessions import opened
from app.services.provider_sign_in import Return, sign_in_through_provider, start, tie, untie

routes = APIRouter(prefix="/api/v1", tags=["provedor de identidade"])


class StartView(View):
    url: str
    """The provider's page."""
    attempt: str
    """Stays in the browser until it comes back, and goes nowhere but into the request that finishes this."""


class ReturnForm(Form):
    state: Opaque
    code: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    attempt: Opaque
    iss: Annotated[str, StringConstraints(max_length=300)] | None = None

    def value(self) -> Return:
        """Without its form."""
        return Return(self.state, self.code, self.attempt, self.iss)


@routes.post("/sessions/provider/start", status_code=201, responses={409: {}})
async def begin(identity: Services) -> StartView:
    """Send the browser to the provider."""
    url, attempt = await start(identity)
    return StartView(url=url, attempt=attempt)


@routes.post("/sessions/provider", status_code=201, responses={401: {}, 409: {}})
async def sign_in(form: ReturnForm, identity: Services, device: Device) -> OpenedView:
    """A session for whoever the provider says came back."""
    caller, tokens = await sign_in_through_provider(identity, form.value(), device)
    return await opened(identity, caller, tokens)


@routes.post("/session/provider/start", status_code=201, responses={409: {}})
async def begin_tying(caller: Asking, identity: Services) -> StartView:
    """Send one's own browser to the provider, to tie one's account to it."""
    if not caller.proved_recently:
        raise ProveAgain
    more_than_a_face(caller)
    url, attempt = await start(identity, caller)
    return StartView(url=url, attempt=attempt)


@routes.post("/session/provider", status_code=204, responses={409: {}})
async def tie_account(form: ReturnForm, caller: Asking, identity: Services) -> None:
    """From now on that person of the provider opens this account."""
    more_than_a_face(caller)
    await tie(identity, caller, form.value())


@routes.delete("/session/provider", status_code=204, responses={404: {}, 409: {}})
async def untie_account(caller: Asking, identity: Services) -> None:
    """No more."""
    if not caller.proved_recently:
        raise ProveAgain
    more_than_a_face(caller)
    await untie(identity, caller)
