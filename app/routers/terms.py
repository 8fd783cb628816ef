"""Terms of use over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.domain.refusals import SessionLocked
from app.domain.terms import MyTermsView, TermsForm, TermsView
from app.routers.caller import Asking, Present, Services
from app.routers.headers import Once, answered
from app.services.terms import accept_terms, my_terms, publish_terms

routes = APIRouter(prefix="/api/v1", tags=["acesso"])
Number = Annotated[int, Path(ge=1, le=1_000_000)]


@routes.get("/session/terms", responses={404: {}})
async def mine(found: Present, identity: Services) -> MyTermsView:
    """The terms that hold, for who has signed in and perhaps accepted nothing yet."""
    return await my_terms(identity, found.caller)


@routes.post("/session/terms/{number}/acceptance", status_code=204, responses={409: {}, 423: {}})
async def accept(number: Number, found: Present, identity: Services) -> None:
    """Accept the version that was read."""
    if found.standing.locked:
        raise SessionLocked
    await accept_terms(identity, found.caller, number)


@routes.post("/terms", status_code=201, response_model=TermsView)
async def publish(caller: Asking, identity: Services, once: Once, form: TermsForm) -> Response:
    """Another version, which everybody is asked to accept from the next sign-in on."""
    return answered(await publish_terms(identity, caller, once, form))
